import type { IncomingHttpHeaders } from 'node:http'

import { readBody, sendJson, startHttpServer } from './http-server.ts'

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** An upstream that records what it is sent and answers with it as JSON, until the test ends. */
export async function startUpstream(): Promise<{ url: string; seen: SeenRequest[] }> {
  const seen: SeenRequest[] = []
  const { url } = await startHttpServer(async (request, response) => {
    const { method = '', url: target = '', headers, rawHeaders } = request
    const record = { method, url: target, headers, rawHeaders, body: await readBody(request) }
    seen.push(record)
    sendJson(response, 200, record)
  })
  return { url, seen }
}
