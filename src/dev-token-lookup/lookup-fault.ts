import type { ServerResponse } from 'node:http'

/** What goes wrong with every request, instead of its answer. */
export type LookupFault =
  /** Answers with this status, 200 to 599, and no body; perhaps with `Retry-After`. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfterSeconds?: number | undefined
    }
  /** Resets the connection. */
  | { readonly kind: 'reset' }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** 200 with this text as "JSON". @default a piece of HTML */
  | { readonly kind: 'garbage'; readonly text?: string | undefined }
  /** 302 to this location. */
  | { readonly kind: 'redirect'; readonly location: string }

/** Lets a fault happen to a request. */
export function answerWithFault(fault: LookupFault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'status': {
      const { status, retryAfterSeconds: seconds } = fault
      response.writeHead(status, seconds === undefined ? {} : { 'Retry-After': seconds }).end()
      return
    }
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'hang':
      return
    case 'garbage':
      response
        .writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
        .end(fault.text ?? '<html><body>It works!</body></html>')
      return
    case 'redirect':
      response.writeHead(302, { Location: fault.location }).end()
  }
}
