import type { Caveat, Subject } from '../token/index.ts'
import { parseService } from '../token/index.ts'
import type { Answer } from './answers.ts'
import { Refusal } from './answers.ts'
import { spacesIn } from './data-spaces.ts'
import { earliestEnd, exactCaveatsOf } from './exact-caveats.ts'
import { objectBody, optional, readFields, required, tokenField } from './fields.ts'
import type { SpaceRecord } from './records.ts'
import type { ApiRequest } from './route.ts'
import type { OnezoneState } from './state.ts'
import { ONEZONE_SERVICE } from './subject-standing.ts'
import { verifyAccessToken, verifyConsumerToken } from './verification.ts'

const FIELDS = { token: required(tokenField), consumerToken: optional(tokenField, null) }

/**
 * Which data an access token reaches, and until when (Onezone API, §6). Service, interface and data-access caveats do
 * not fail it: they are what is asked about. Without a consumer token the consumer is the subject that the token names.
 */
export function answerScope({ state, body, peerIp }: ApiRequest): Answer | Refusal {
  const object = objectBody(body)
  const fields = object instanceof Refusal ? object : readFields(object, FIELDS)
  if (fields instanceof Refusal) return fields
  const { token, consumerToken } = fields

  const seen = { peerIp, interface: null, ignored: ['service', 'interface'] } as const
  const consumer =
    consumerToken === null ? token.subject : verifyConsumerToken(state, consumerToken, seen)
  if (consumer instanceof Refusal) return consumer
  const verified = verifyAccessToken(state, token, {
    ...seen,
    service: ONEZONE_SERVICE,
    consumer,
    allowDataAccessCaveats: true,
    session: 'any',
  })
  if (verified instanceof Refusal) return verified
  const dataAccessScope = dataAccessScopeOf(state, verified.subject, token.caveats)
  const validUntil = earliestEnd(exactCaveatsOf(token))
  return { status: 200, body: { validUntil, dataAccessScope } }
}

/** Null for providers, which have no spaces of their own. */
function dataAccessScopeOf(
  state: OnezoneState,
  subject: Subject,
  caveats: readonly Caveat[],
): Record<string, unknown> | null {
  if (subject.type !== 'user' || subject.id === null) return null
  const spaces = state
    .spacesOf(subject.id)
    .filter(({ id }) => caveats.every((caveat) => spacesIn(caveat)?.includes(id) ?? true))
  const supports = spaces.map((space) => supportsOf(space, caveats))
  const providerIds = new Set(supports.flatMap((support) => Object.keys(support)))
  return {
    readonly: caveats.some(({ type }) => type === 'data.readonly'),
    spaces: Object.fromEntries(
      spaces.map(({ id, name }, index) => [id, { name, supports: supports[index] }]),
    ),
    providers: Object.fromEntries([...providerIds].map((id) => [id, describeProvider(state, id)])),
  }
}

/** Per supporting provider that the service caveats leave: whether all its storages are read-only. */
function supportsOf(
  { storages }: SpaceRecord,
  caveats: readonly Caveat[],
): Record<string, { readonly: boolean }> {
  const left = storages.filter(({ provider }) =>
    caveats.every((caveat) => leavesProvider(caveat, provider)),
  )
  const isWritable = new Set(left.filter((storage) => !storage.readonly).map((s) => s.provider))
  return Object.fromEntries(
    left.map(({ provider }) => [provider, { readonly: !isWritable.has(provider) }]),
  )
}

function leavesProvider(caveat: Caveat, providerId: string): boolean {
  if (caveat.type !== 'service') return true
  return caveat.whitelist.some((entry) => {
    const service = parseService(entry)
    return service?.type === 'op_worker' && (service.id === providerId || service.id === '*')
  })
}

function describeProvider(state: OnezoneState, id: string): Record<string, unknown> {
  const { name = id, domain = id, version = null, online = false } = state.provider(id) ?? {}
  return { name, domain, version, online }
}
