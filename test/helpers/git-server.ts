import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { startHttpServer } from './http-server.ts'

/** `git http-backend` behind HTTP, as CGI has it: it knows bodies with a length only. */
export async function startGitServer(
  root: string,
): Promise<{ url: string; seen: { user: string; chunked: boolean }[] }> {
  const seen: { user: string; chunked: boolean }[] = []
  const { url } = await startHttpServer((request, response) => {
    const { headers } = request
    const user = String(headers['x-onedata-subject-id'])
    seen.push({ user, chunked: headers['transfer-encoding'] !== undefined })
    serve(root, user, request, response)
  })
  return { url, seen }
}

function serve(
  root: string,
  user: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { headers } = request
  const target = new URL(request.url ?? '/', 'http://git.test')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: target.pathname,
      QUERY_STRING: target.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      REMOTE_USER: user,
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  const parts: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => parts.push(chunk))
  child.on('close', () => {
    const answer = Buffer.concat(parts)
    const end = answer.indexOf('\r\n\r\n')
    const fields = answer.toString('latin1', 0, Math.max(0, end)).split('\r\n')
    let status = end === -1 ? 500 : 200
    for (const field of fields) {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(field) ?? []
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
      else if (name !== '') response.setHeader(name, value)
    }
    response.writeHead(status)
    response.end(answer.subarray(end === -1 ? 0 : end + 4))
  })
}
