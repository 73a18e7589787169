import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import {
  createChannel,
  createWorkerVerification,
  openPrimaryLink,
  openQuestionDesk,
} from '../../src/cluster/index.ts'
import { decodeExchange, encodeExchange } from '../../src/cluster/exchange-codec.ts'
import type { IdentityProviders } from '../../src/identity-provider/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { createVerification } from '../../src/verification/index.ts'
import { onezoneTraits } from '../../src/verifier/index.ts'
import { createFakeTime } from '../helpers/fake-time.ts'
import { startOnezone } from '../helpers/onezone.ts'
import { jwtOf, worldWith } from '../helpers/provider-tokens.ts'
import { mint } from '../helpers/tokens.ts'

const NOW = 1_750_000_000
const JWT = jwtOf({ azp: 'portal-1', exp: NOW + 3600 })
const PROVIDERS = [{ prefix: 'egi:', clients: ['portal-1'] }]
const VERDICTS = {
  maxStalenessMs: 10_000,
  negativeTtlMs: 2_000,
  staleIfErrorMs: 0,
  budget: { perAddressPerSecond: 100, perSubjectPerSecond: 100 },
}

/** A primary with a real Onezone, and two workers, all in one process; messages go as JSON. */
async function startProcesses() {
  const time = createFakeTime()
  const { clock, schedule } = time
  const onezone = await startOnezone({ clock, world: worldWith({ [JWT]: 'alice' }) })
  const common = { clock, schedule, random: () => 0.5, logger: silentLogger }
  const primary = createVerification({
    ...common,
    onezone: { url: onezone.url, connectTimeoutMs: 10_000, totalTimeoutMs: 10_000 },
    identityProviders: PROVIDERS,
  })
  /** What the workers have sent, by its kind. */
  const sent: string[] = []
  let lost = false
  const start = (): IdentityProviders => {
    const [near, far] = [new EventEmitter(), new EventEmitter()]
    const end = (from: EventEmitter, to: EventEmitter) =>
      Object.assign(from, {
        send(message: { readonly onegate?: string }) {
          if (from === far) sent.push(message.onegate ?? '')
          if (lost) return
          const text = JSON.stringify(message)
          queueMicrotask(() => to.emit('message', JSON.parse(text)))
        },
      })
    openQuestionDesk(createChannel(end(near, far)), { ...common, verification: () => primary })
    const { identityProviders } = createWorkerVerification({
      ...common,
      link: openPrimaryLink(createChannel(end(far, near)), { clock, onWithdrawal: () => {} }),
      traits: onezoneTraits(false),
      totalTimeoutMs: 1_000,
      verdicts: VERDICTS,
      identityProviders: PROVIDERS,
    })
    if (identityProviders === null || identityProviders === undefined) throw new Error('none')
    return identityProviders
  }
  const workers = [start(), start()] as const
  const exchange = async (worker: IdentityProviders, token: string, address = '192.0.2.1') => {
    const credential = worker.read(`egi:${token}`)
    if (credential === null) return 'unread'
    try {
      const exchanged = worker.known(credential) ?? (await worker.exchange(credential, address))
      return exchanged.outcome === 'refused' ? exchanged.code : String(exchanged.token.subject.id)
    } catch (error) {
      return error instanceof Error ? error.constructor.name : String(error)
    }
  }
  return {
    ...time,
    onezone,
    primary,
    workers,
    exchange,
    sent,
    exchanges: () => onezone.calls().createTemporaryToken,
    loseAll: () => (lost = true),
    stop: () => primary.close(),
  }
}

test('of a hundred requests at each of two workers one exchange is made', async () => {
  const { workers, exchange, exchanges, sent, stop } = await startProcesses()
  const asked = Array.from({ length: 200 }, (_, at) => exchange(workers[at % 2 === 0 ? 0 : 1], JWT))
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['alice']))
  expect(exchanges()).toBe(1)
  expect(sent).toEqual(['exchange', 'exchange'])
  await stop()
})

test('what is used up is exchanged anew for all, once, whoever says so', async () => {
  const { workers, exchange, exchanges, stop } = await startProcesses()
  const [one, two] = workers
  for (const worker of workers) await exchange(worker, JWT)
  const credentials = workers.map((worker) => worker.read(`egi:${JWT}`))
  const [first, second] = credentials
  if (!first || !second) throw new Error('unread')
  one.forget(first)
  expect(await exchange(one, JWT)).toBe('alice')
  expect(exchanges()).toBe(2)
  // The other has still what was before: its word must not end what the first has had made.
  two.forget(second)
  expect(await exchange(two, JWT)).toBe('alice')
  expect(exchanges()).toBe(2)
  await stop()
})

test('refusals come from the primary, and are believed here for less long than there', async () => {
  const { workers, exchange, exchanges, pass, sent, stop } = await startProcesses()
  const unknown = jwtOf({ azp: 'portal-1', jti: 'unknown' })
  expect(await exchange(workers[0], unknown)).toBe('idp_token_invalid')
  expect(await exchange(workers[0], unknown)).toBe('idp_token_invalid')
  expect(sent).toHaveLength(1)
  await pass(600)
  expect(await exchange(workers[0], unknown)).toBe('idp_token_invalid')
  expect(sent).toHaveLength(2)
  expect(exchanges()).toBe(1)
  await stop()
})

test('what is not worth asking about does not reach the primary', async () => {
  const { workers, exchange, sent, stop } = await startProcesses()
  expect(await exchange(workers[0], jwtOf({ azp: 'evil' }))).toBe('idp_client_not_allowed')
  expect(await exchange(workers[0], jwtOf({ azp: 'portal-1', exp: NOW - 1 }))).toBe(
    'idp_token_invalid',
  )
  expect(sent).toEqual([])
  await stop()
})

test('an address has one budget for all workers', async () => {
  const { workers, exchange, exchanges, stop } = await startProcesses()
  const strangers = Array.from({ length: 70 }, (_, jti) => jwtOf({ azp: 'portal-1', jti }))
  const answers: string[] = []
  for (const [at, token] of strangers.entries()) {
    answers.push(await exchange(workers[at % 2 === 0 ? 0 : 1], token))
  }
  expect(answers.filter((answer) => answer === 'idp_token_invalid')).toHaveLength(60)
  expect(answers.filter((answer) => answer === 'VerificationBudgetError')).toHaveLength(10)
  expect(exchanges()).toBe(60)
  await stop()
})

test('an outage opens one breaker, before all workers', async () => {
  const { workers, exchange, exchanges, onezone, primary, stop } = await startProcesses()
  onezone.patchWorld({ identityProviders: [{ id: 'egi', users: {}, answers: 'fault' }] })
  for (let at = 0; at < 12; at += 1) {
    const token = jwtOf({ azp: 'portal-1', sub: at })
    const worker = workers[at % 2 === 0 ? 0 : 1]
    expect(await exchange(worker, token, `192.0.2.${at}`)).toBe('VerifierFaultError')
  }
  expect(exchanges()).toBe(5)
  expect(primary.identityProviders?.breakerState).toBe('open')
  await stop()
})

test('a primary that does not answer is a fault, in time', async () => {
  const { workers, exchange, loseAll, pass, stop } = await startProcesses()
  loseAll()
  const answer = exchange(workers[0], JWT)
  await pass(3_100)
  expect(await answer).toBe('VerifierFaultError')
  await stop()
})

const MINTED = mint({
  persistence: 'temporary',
  generation: 1,
  type: { identityToken: {} },
  caveats: [{ type: 'time', validUntil: NOW + 300 }],
})

test.each<[string, unknown]>([
  ['nothing', null],
  ['text', 'exchanged'],
  ['no time', { outcome: 'exchanged', token: MINTED }],
  ['no token', { outcome: 'exchanged', onezoneNowMs: 1 }],
  ['an access token', { outcome: 'exchanged', onezoneNowMs: 1, token: mint() }],
  ['what is no token', { outcome: 'exchanged', onezoneNowMs: 1, token: 'MDA' }],
  ['an unknown refusal', { outcome: 'refused', onezoneNowMs: 1, code: 'whatever' }],
  ['an unknown fault', { outcome: 'fault', onezoneNowMs: 1, code: 'E', message: '' }],
  ['a budget without a time', { outcome: 'budget', onezoneNowMs: 1 }],
])('%s is no answer, and no identity', (_name, message) => {
  expect(decodeExchange(message, 'egi:x')).toBeNull()
})

test('what was minted is seen under the name of what was exchanged, on both sides', () => {
  const decoded = decodeExchange({ outcome: 'exchanged', token: MINTED, onezoneNowMs: 5 }, 'egi:x')
  if (decoded === null || decoded.outcome instanceof Error) throw new Error('unread')
  expect(decoded.outcome).toMatchObject({
    outcome: 'exchanged',
    presented: { statedType: 'identity-provider', id: null },
  })
  const again = JSON.parse(JSON.stringify(encodeExchange(decoded.outcome, 5))) as unknown
  expect(decodeExchange(again, 'egi:x')).toEqual(decoded)
})
