import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A service to stand behind the gateway. */
export interface EchoUpstream {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Breaks all connections and stops listening. */
  close(): Promise<void>
}

/** Starts a service on a free loopback port that answers, as JSON, what it was asked and who it was told is asking. */
export async function createEchoUpstream(): Promise<EchoUpstream> {
  const server = createServer((request, response) => {
    request.resume()
    const { method, url, headers } = request
    const told = Object.entries(headers).filter(([name]) => /^x-(?:onedata|forwarded)-/.test(name))
    const body = { method, path: url, headers: Object.fromEntries(told) }
    response.setHeader('Content-Type', 'application/json')
    response.end(`${JSON.stringify(body, null, 2)}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
