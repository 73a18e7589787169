import { onTestFinished } from 'vitest'
import type { DevOnezone, DevOnezoneOptions } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import type { CaveatInput, Subject, TokenType } from '../../src/token/index.ts'
import type { Received, Sent } from './http-client.ts'
import { createHttpClient } from './http-client.ts'

export const NOW = 1_750_000_000
export const P = '/api/v3/onezone'

export const alice = { type: 'user', id: 'alice' } as const
export const bob = { type: 'user', id: 'bob' } as const
export const krakow = { type: 'oneprovider', id: 'krakow' } as const

export const identityToken = { identityToken: {} }
export const accessToken = { accessToken: {} }
export const inviteToken = {
  inviteToken: { inviteType: 'userJoinSpace', spaceId: 'space1', parameters: {} },
} as const

type Send = (path: string, sent?: Sent) => Promise<Received>

export interface Started {
  onezone: DevOnezone
  send: Send
  /** Sends as this subject, by the control header. */
  sendAs: (subject: { type: 'user' | 'oneprovider'; id: string }) => Send
}

/** A development Onezone with control, the clock stopped at {@link NOW}; closed when the test ends. */
export async function start(options: DevOnezoneOptions = {}): Promise<Started> {
  const onezone = await createDevOnezone({ control: true, ...options })
  onezone.setClock(NOW)
  const client = createHttpClient(onezone.url)
  onTestFinished(async () => {
    client.close()
    await onezone.close()
  })
  const { send } = client
  return {
    onezone,
    send,
    sendAs: ({ type, id }) => {
      const caller = { 'X-Control-Auth': `${type === 'user' ? 'user' : 'provider'}:${id}` }
      return (path, sent = {}) => send(path, { ...sent, headers: { ...caller, ...sent.headers } })
    },
  }
}

/** What was refused: id and details of the top-level error. */
export function errorOf({ json }: Received): unknown {
  const { error } = (json ?? {}) as { error?: { id: string; details?: unknown } }
  if (error === undefined) return undefined
  return error.details === undefined ? { id: error.id } : { id: error.id, details: error.details }
}

/** The same below an `authError` or `tokenError`. */
export function causeOf(received: Received): unknown {
  const { details } = errorOf(received) as { details?: Record<string, { id: string }> }
  const cause = details?.['authError'] ?? details?.['tokenError']
  return cause?.id
}

/** A running Onezone with short words for what the cases need. */
export async function zone() {
  const { onezone, send, sendAs } = await start()
  let names = 0
  const named = (subject: Subject, type: TokenType, ...caveats: CaveatInput[]) =>
    onezone.createNamedToken({ subject, name: `token ${++names}`, type, caveats })
  const access = (...caveats: CaveatInput[]) => named(alice, accessToken, ...caveats).token
  const call =
    (operation: string) =>
    (token: string, fields: object = {}) =>
      send(`${P}/tokens/${operation}`, { body: { token, ...fields } })
  return {
    onezone,
    send,
    sendAs,
    named,
    access,
    verifyAccess: call('verify_access_token'),
    verifyIdentity: call('verify_identity_token'),
    verifyInvite: call('verify_invite_token'),
    inferScope: call('infer_access_token_scope'),
    authenticate: (token: string, headers: Record<string, string> = {}) =>
      send(`${P}/health`, { headers: { 'X-Auth-Token': token, ...headers } }),
    temporary: (body: unknown) => sendAs(alice)(`${P}/users/alice/tokens/temporary`, { body }),
  }
}
