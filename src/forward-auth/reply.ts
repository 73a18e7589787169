import { KEY_SET_FIELDS } from '../assertion/index.ts'
import type { Answer } from '../authenticator/index.ts'
import { answerHeaders } from '../authenticator/index.ts'
import type { Incoming, Outgoing } from '../listener/index.ts'
import type { Dialect } from './dialects.ts'
import { DIALECTS } from './dialects.ts'
import { hasName } from './field-names.ts'
import type { ForwardAuthRoute, Judgement } from './judge.ts'

type Granted = Extract<Judgement, { readonly outcome: 'granted' }>
type Refused = Extract<Judgement, { readonly outcome: 'refused' }>

/** Fields of every answer: none may be kept, and nobody but the front proxy is to make sense of it. */
const ALWAYS = ['Cache-Control', 'no-store']

/**
 * Lets a request pass: status 200 exactly, for some proxies take no other, and every field that may state something,
 * empty where it has nothing to say: a field that is not there could be the client's own.
 */
export function sendGrant(
  incoming: Incoming,
  outgoing: Outgoing,
  dialect: Dialect | null,
  { route, identityHeaders, requestId }: Granted,
): void {
  const { headers } = route.authenticator
  const fields = [...ALWAYS, 'Content-Length', '0', 'X-Onegate-Status', '200', ...identityHeaders]
  fields.push('X-Request-Id', requestId)
  for (const name of headers.names) {
    if (!hasName(identityHeaders, name)) fields.push(name, '')
  }
  if (dialect === 'envoy') {
    const removed = removedCredentials(route)
    if (removed.length > 0) fields.push('x-envoy-auth-headers-to-remove', removed.join(','))
  }
  send(incoming, outgoing, 200, fields, '')
}

/** Fields with credentials that the upstream must not see. Not those that are set: Envoy removes after it has set. */
export function removedCredentials({ authenticator }: ForwardAuthRoute): string[] {
  if (authenticator.policy.forwardToken === true) return []
  const set = new Set(authenticator.headers.names.map((name) => name.toLowerCase()))
  return authenticator.headers.credentialFields
    .map((name) => name.toLowerCase())
    .filter((name) => !set.has(name))
}

/** Refuses a request, or says that nobody could say. `X-Onegate-Status` is true where the status cannot be. */
export function sendRefusal(
  incoming: Incoming,
  outgoing: Outgoing,
  dialect: Dialect | null,
  { answer, allow }: Refused,
): void {
  const { status, body, problem } = answer
  const narrow = dialect !== null && DIALECTS[dialect].narrow
  const fields = refusalFields(answer, allow)
  fields.push('Content-Length', String(Buffer.byteLength(body)), 'X-Onegate-Problem', problem)
  send(incoming, outgoing, narrow ? narrowed(status) : status, fields, body)
}

/** Header fields of a refusal, but for those that say it once more. */
export function refusalFields(answer: Answer, allow: readonly string[]): string[] {
  const fields = [...answerHeaders(answer).flat(), 'X-Onegate-Status', String(answer.status)]
  if (allow.length > 0) fields.push('Allow', allow.join(', '))
  return fields
}

/** Shows the public keys of assertions. */
export function sendKeySet(incoming: Incoming, outgoing: Outgoing, keySet: string): void {
  const length = String(Buffer.byteLength(keySet))
  send(incoming, outgoing, 200, [...KEY_SET_FIELDS, 'Content-Length', length], keySet)
}

/** What `auth_request` passes on: of the statuses of refusals only 401 and 403. 429 is asked to be restored. */
function narrowed(status: number): number {
  return status >= 400 && status < 500 && status !== 401 && status !== 429 ? 403 : status
}

/** Sends an answer; a body of the question is never waited for. */
export function send(
  incoming: Incoming,
  outgoing: Outgoing,
  status: number,
  fields: string[],
  body: string,
): void {
  // Where the next question begins is not certain before the end of a body.
  if (!incoming.complete && hasBody(incoming.rawHeaders)) outgoing.shouldKeepAlive = false
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
