import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A service to stand behind the gateway, or behind a proxy that asks it. */
export interface EchoUpstream {
  /** Base URL, without a slash. */
  readonly url: string
  /** Breaks all connections and stops listening. */
  close(): Promise<void>
}

/** Field of each answer, by which `onegate probe` knows whom it is talking to. */
export const ECHO_MARK = 'x-onegate-echo'

/** What is told again: who asks and from where, in any spelling. */
const TOLD = /^(?:x[^a-z0-9](?:onedata|forwarded)[^a-z0-9].*|x-real-ip|forwarded)$/

/** What is not: its value is a secret, that it came is not. */
const CREDENTIALS = new Set([
  'authorization',
  'x-auth-token',
  'macaroon',
  'x-onedata-consumer-token',
])

/** Starts a service that answers, as JSON, what it was asked and who it was told is asking. */
export async function createEchoUpstream(
  { host, port }: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<EchoUpstream> {
  const server = createServer((request, response) => {
    request.resume()
    const { method, url, headers } = request
    const told = Object.entries(headers).filter(
      ([name]) => TOLD.test(name) && !CREDENTIALS.has(name),
    )
    const credentials = Object.keys(headers).filter((name) => CREDENTIALS.has(name))
    const body = {
      method,
      path: url,
      headers: Object.fromEntries(told),
      ...(credentials.length === 0 ? {} : { credentials }),
    }
    response.setHeader('Content-Type', 'application/json')
    response.setHeader(ECHO_MARK, '1')
    response.end(`${JSON.stringify(body, null, 2)}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${bound}`, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
