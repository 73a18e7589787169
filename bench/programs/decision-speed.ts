/** How long a decision takes that needs no question. */

import { strict as assert } from 'node:assert'

import type { AuthenticationRequest } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import { systemClock } from '../../src/clock.ts'
import { parseToken } from '../../src/token/index.ts'
import type { TokenSort } from './decision-tokens.ts'
import { CLIENT_IP, temporaryToken, TOKEN_SORTS } from './decision-tokens.ts'
import { runAsProgram } from './run-as-program.ts'
import { createScriptedOnezone } from './scripted-onezone.ts'
import { MAX_STALENESS_MS, requestOf, withVerdictModel } from './verdict-model.ts'

export interface DecisionSpeedInput {
  /** `check` only asks whether it decides rightly. */
  readonly what: 'check' | DecisionKind
  readonly sort: TokenSort
}

/** Where a decision begins: at the verifier, at a route, or there with a header text that is new each time. */
export type DecisionKind = 'verify' | 'authenticate' | 'authenticate, header text new each time'

/** So many tokens take turns, so that no single one is always at hand. */
const TOKENS = 1_000
const BATCHES = 21
const WARM_UP_BATCHES = 6
/** Few enough to be done long before a fact can grow too old, on a busy machine too. */
const DECISIONS_A_BATCH = 20_000

const onezone = createScriptedOnezone({ clock: systemClock })
const verifier = withVerdictModel(onezone)
const route = createAuthenticator({ verifier, stalenessBoundMs: MAX_STALENESS_MS }).route({
  id: 'files',
  token: 'access',
})

/** Answers nanoseconds a decision. */
await runAsProgram(async ({ what, sort }: DecisionSpeedInput): Promise<number> => {
  await checkDecisions(sort)
  return what === 'check' ? 0 : measureKind(what, sort)
})

/** The header of an ordinary API client. */
function requestWith(token: string): AuthenticationRequest {
  const fields = { Host: 'api.example.org', 'User-Agent': 'curl/8.5.0', Accept: '*/*' }
  const rawHeaders = [...Object.entries(fields).flat(), 'X-Auth-Token', token]
  return { rawHeaders, remoteAddress: CLIENT_IP, secure: false }
}

async function checkDecisions(sort: TokenSort): Promise<void> {
  const number = 900_000_000 + TOKEN_SORTS.indexOf(sort) * 1_000
  const request = requestWith(temporaryToken(number, sort))
  const first = await route.authenticate(request)
  assert.equal(first.outcome, 'granted', `a good token, ${sort}`)
  const asked = onezone.calls
  assert.equal(decisionAtOnce(request), 'granted by cache')
  const elsewhere = { ...request, remoteAddress: '203.0.113.9' }
  const expected = sort === 'time' ? 'granted by cache' : 'denied by local'
  assert.equal(decisionAtOnce(elsewhere), expected, 'from another address')
  assert.equal(onezone.calls, asked, 'Onezone was asked about a proven token')

  const forged = requestWith(temporaryToken(900_000_000, sort, 'another-secret'))
  assert.equal((await route.authenticate(forged)).outcome, 'denied', 'a forged token')
}

function decisionAtOnce(request: AuthenticationRequest): string {
  const decision = route.authenticate(request)
  if (decision instanceof Promise) throw new Error('a decision about a proven token had to wait')
  return `${decision.outcome} by ${decision.source}`
}

async function measureKind(kind: DecisionKind, sort: TokenSort): Promise<number> {
  const first = (TOKEN_SORTS.indexOf(sort) + 1) * 1_000_000
  const texts = Array.from({ length: TOKENS }, (_, index) => temporaryToken(first + index, sort))
  const requests = texts.map((text) => requestOf(parseToken(text), CLIENT_IP))
  // One by one from one address: good tokens are given their cost back only when the answer is there.
  for (const request of requests) {
    const { verdict } = await verifier.verify(request)
    assert.equal(verdict.outcome, 'accepted')
  }
  if (kind === 'verify') return measure((index) => verifier.verify(requests[index]!))
  const incoming = texts.map(requestWith)
  if (kind === 'authenticate') return measure((index) => route.authenticate(incoming[index]!))

  // A socket brings a new text each time, whose hash nobody has computed yet; making the text is not what is measured.
  const octets = texts.map((text) => Buffer.from(text, 'latin1'))
  const fresh = (index: number): AuthenticationRequest =>
    requestWith(octets[index]!.toString('latin1'))
  let characters = 0
  const making = await measure((index) => (characters += fresh(index).rawHeaders.length))
  assert.ok(characters > 0)
  return (await measure((index) => route.authenticate(fresh(index)))) - making
}

/**
 * CPU time of the process, its garbage collection included: on a machine that others use, too, the wall clock would
 * measure them.
 */
async function measure(decide: (index: number) => unknown): Promise<number> {
  const batch = async (): Promise<number> => {
    // Nobody has used them for a while, perhaps: then the first use asks.
    for (let index = 0; index < TOKENS; index++) await decide(index)
    const before = process.cpuUsage()
    let waited = 0
    for (let turn = 0; turn < DECISIONS_A_BATCH; turn++) {
      if (decide(turn % TOKENS) instanceof Promise) waited += 1
    }
    const { user, system } = process.cpuUsage(before)
    assert.equal(waited, 0, 'decisions about proven tokens that had to wait')
    // Refreshes that fell due are answered, so that no fact grows too old while nothing but decisions is done.
    await new Promise((resolve) => setImmediate(resolve))
    return ((user + system) * 1000) / DECISIONS_A_BATCH
  }
  for (let round = 0; round < WARM_UP_BATCHES; round++) await batch()
  const times: number[] = []
  for (let round = 0; round < BATCHES; round++) times.push(await batch())
  return times.toSorted((a, b) => a - b)[BATCHES >> 1]!
}
