import type { Answer, RouteAuthenticator } from '../authenticator/index.ts'
import { answerHeaders } from '../authenticator/index.ts'
import type { Incoming, Outgoing } from '../listener/index.ts'
import type { Dialect } from './dialects.ts'
import { DIALECTS } from './dialects.ts'

/** Fields of every answer: none may be kept, and nobody but the front proxy is to make sense of it. */
const ALWAYS = ['Cache-Control', 'no-store']

/**
 * Lets a request pass: status 200 exactly, for some proxies take no other, and every field that may state something,
 * empty where it has nothing to say: a field that is not there could be the client's own.
 *
 * @param identityHeaders Name, value, name, value …
 */
export function sendGrant(
  incoming: Incoming,
  outgoing: Outgoing,
  dialect: Dialect,
  { headers, policy }: Pick<RouteAuthenticator, 'headers' | 'policy'>,
  identityHeaders: readonly string[],
): void {
  const fields = [...ALWAYS, 'Content-Length', '0', 'X-Onegate-Status', '200', ...identityHeaders]
  const stated = new Set(identityHeaders.filter((_, index) => index % 2 === 0))
  for (const name of headers.names) {
    if (!stated.has(name)) fields.push(name, '')
  }
  if (dialect === 'envoy' && policy.forwardToken !== true) {
    fields.push('x-envoy-auth-headers-to-remove', headers.credentialFields.join(',').toLowerCase())
  }
  send(incoming, outgoing, 200, fields, '')
}

/** Refuses a request, or says that nobody could say. `X-Onegate-Status` is true where the status cannot be. */
export function sendRefusal(
  incoming: Incoming,
  outgoing: Outgoing,
  dialect: Dialect | null,
  answer: Answer,
  allow: readonly string[] = [],
): void {
  const { status, body } = answer
  const narrow = dialect !== null && DIALECTS[dialect].narrow
  const fields = [
    ...answerHeaders(answer).flat(),
    'Content-Length',
    String(Buffer.byteLength(body)),
    'X-Onegate-Status',
    String(status),
    'X-Onegate-Problem',
    body,
  ]
  if (allow.length > 0) fields.push('Allow', allow.join(', '))
  send(incoming, outgoing, narrow ? narrowed(status) : status, fields, body)
}

/** What `auth_request` passes on: of the statuses of refusals only 401 and 403. 429 is asked to be restored. */
function narrowed(status: number): number {
  return status >= 400 && status < 500 && status !== 401 && status !== 429 ? 403 : status
}

function send(
  incoming: Incoming,
  outgoing: Outgoing,
  status: number,
  fields: string[],
  body: string,
): void {
  // A body is never waited for, and where the next question begins is not certain before its end.
  if (hasBody(incoming.rawHeaders)) outgoing.shouldKeepAlive = false
  outgoing.on('error', ignore)
  outgoing.writeHead(status, fields)
  outgoing.end(body)
}

function hasBody(rawHeaders: readonly string[]): boolean {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    if (name === 'transfer-encoding') return true
    if (name === 'content-length' && rawHeaders[i + 1] !== '0') return true
  }
  return false
}

/** What an asker that has gone away did not get is no error. */
function ignore(): void {}
