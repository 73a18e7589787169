import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { LookupFault } from './lookup-fault.ts'

/** What the control API acts on. */
export interface ControlOptions {
  readonly setFault: (fault: LookupFault | null) => void
  readonly calls: () => object
}

/**
 * The API by which tests play fate: `PUT /control/fault` with a `LookupFault` or `null` as JSON, and
 * `GET /control/calls`, which answers how often each operation was called.
 */
export function createControl(
  options: ControlOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    switch (`${request.method} ${request.url}`) {
      case 'PUT /control/fault': {
        const fault = readFault(await text(request))
        if (fault !== undefined) options.setFault(fault)
        response.writeHead(fault === undefined ? 400 : 204).end()
        return
      }
      case 'GET /control/calls':
        response
          .writeHead(200, { 'Content-Type': 'application/json' })
          .end(JSON.stringify(options.calls()))
        return
      default:
        response.writeHead(404).end()
    }
  }
}

/** Undefined where it is none. */
function readFault(json: string): LookupFault | null | undefined {
  try {
    const fault = JSON.parse(json) as LookupFault | null
    return fault === null || isFault(fault) ? fault : undefined
  } catch {
    return undefined
  }
}

function isFault(fault: LookupFault): boolean {
  switch (fault.kind) {
    case 'status': {
      const { status, retryAfterSeconds = 0 } = fault
      const isStatus = Number.isInteger(status) && status >= 200 && status <= 599
      return isStatus && Number.isInteger(retryAfterSeconds) && retryAfterSeconds >= 0
    }
    case 'garbage':
      return fault.text === undefined || typeof fault.text === 'string'
    case 'redirect':
      return typeof fault.location === 'string' && /^[\x21-\x7e]+$/.test(fault.location)
    case 'reset':
    case 'hang':
      return true
    default:
      return false
  }
}
