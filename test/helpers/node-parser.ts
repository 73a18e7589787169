import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { Duplex } from 'node:stream'

/** A request as the parser of Node has read it. Text is latin-1. */
export interface ParsedRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** The parser of Node, with no socket in between. */
export interface NodeParser {
  /** Reads a text that is exactly one request. Null: it is not that. */
  read(text: string): Promise<ParsedRequest | null>
}

export function createParser(): NodeParser {
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 64 * 1024 })
  let onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void = () => {}
  let onError: () => void = () => {}
  server.on('request', (incoming, outgoing) => onRequest(incoming, outgoing))
  server.on('clientError', () => onError())
  return {
    read: (text) =>
      new Promise((resolve) => {
        const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
        const requests: (ParsedRequest | null)[] = []
        onRequest = (incoming, outgoing) => {
          const { method = '', url = '', rawHeaders } = incoming
          let body = ''
          const at = requests.push(null) - 1
          incoming.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
          incoming.on('end', () => {
            requests[at] = { method, url, rawHeaders, body }
            outgoing.end()
          })
        }
        let failed = false
        onError = () => {
          failed = true
        }
        server.emit('connection', connection)
        connection.push(Buffer.from(text, 'latin1'))
        connection.push(null)
        connection.on('error', () => {})
        setImmediate(() =>
          setImmediate(() => {
            connection.destroy()
            resolve(failed || requests.length !== 1 ? null : (requests[0] ?? null))
          }),
        )
      }),
  }
}
