import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:http'

export interface Sent {
  method?: string
  /** A list is sent as several headers; `null` as none. */
  headers?: Record<string, string | readonly string[] | null>
  /** Sent as JSON, with its media type unless `headers` name one. */
  body?: unknown
  /** Sent as it is. */
  rawBody?: string
}

export interface Received {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** `null` without body. */
  json: unknown
}

/** A client that sends exactly what it is told: no Accept, no folded headers, no rewritten path. */
export function createHttpClient(baseUrl: string) {
  const agent = new Agent({ keepAlive: true })
  const { hostname, port } = new URL(baseUrl)

  function send(path: string, sent: Sent = {}): Promise<Received> {
    const text = sent.body === undefined ? sent.rawBody : JSON.stringify(sent.body)
    const method = sent.method ?? (text === undefined ? 'GET' : 'POST')
    const headers: Record<string, string | string[]> = {}
    if (text !== undefined) headers['content-type'] = 'application/json'
    if (text !== undefined || /^(POST|PUT|PATCH)$/.test(method)) {
      headers['content-length'] = String(Buffer.byteLength(text ?? ''))
    }
    for (const [name, value] of Object.entries(sent.headers ?? {})) {
      if (value === null) delete headers[name.toLowerCase()]
      else headers[name.toLowerCase()] = typeof value === 'string' ? value : [...value]
    }
    return new Promise((resolve, reject) => {
      const outgoing = request({ agent, hostname, port, path, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const received = Buffer.concat(chunks).toString()
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: received,
            json: received === '' ? null : parseOrNull(received),
          })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(text)
    })
  }

  return { send, close: () => agent.destroy() }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
