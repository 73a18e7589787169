import { STATUS_CODES } from 'node:http'

/** Why an admin request is refused. The message never repeats what was sent. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/** The `application/problem+json` document of a refusal (RFC 9457). */
export function problem({ status, message, headers }: ProblemError): Response {
  const document = { type: 'about:blank', title: STATUS_CODES[status], status, detail: message }
  return new Response(JSON.stringify(document), {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      // What is left of the body is not read, so the connection cannot be used again.
      Connection: 'close',
      ...headers,
    },
  })
}
