import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Clock } from '../../src/clock.ts'
import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import type { OnezoneClient } from '../../src/onezone/index.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import type { Verifier } from '../../src/verifier/index.ts'
import { createOnezoneVerifier, isAccepted } from '../../src/verifier/index.ts'
import { VERIFICATION_CASES, VERIFICATION_WORLD } from '../dev-onezone/verification-vectors.ts'
import { createGate } from './gate-rig.ts'
import type { GateCase } from './vector-cases.ts'
import { GATE_CASES, LEFT_OUT } from './vector-cases.ts'

let onezone: DevOnezone
let client: OnezoneClient

beforeAll(async () => {
  onezone = await createDevOnezone({ world: VERIFICATION_WORLD })
  client = createOnezoneClient({ url: onezone.url })
})

afterAll(async () => {
  await client.close()
  await onezone.close()
  process.stdout.write(
    `${GATE_CASES.length} of ${VERIFICATION_CASES.length} verification cases go through the gate; left out:\n` +
      [...LEFT_OUT].map(([why, count]) => `  ${count} ${why}\n`).join(''),
  )
})

/** Gateways of one age, one for each service token that the cases want; their clock is the case’s. */
function createGateways() {
  let nowMs = 0
  const clock: Clock = { now: () => nowMs, monotonic: () => nowMs }
  const gateways = new Map<string | undefined, Verifier>()
  const gatewayOf = (serviceToken: string | undefined): Verifier => {
    const known = gateways.get(serviceToken)
    if (known !== undefined) return known
    const backend = createOnezoneVerifier({ client, serviceToken, clock })
    const { verifier } = createGate(backend, clock)
    gateways.set(serviceToken, verifier)
    return verifier
  }
  return {
    /** How the answer differs from what was recorded; null: not at all, or by a rule. */
    async differenceOf(given: GateCase): Promise<string | null> {
      nowMs = given.clockSeconds * 1000
      onezone.setClock(given.clockSeconds)
      const verifier = gatewayOf(given.serviceToken)
      const answer = await (async () => verifier.verify(given.request))().catch(() => null)
      if (answer === null) {
        return given.recorded === 'fault' ? null : `${given.name}: a fault, not ${given.recorded}`
      }
      const { verdict, source } = answer
      const said = isAccepted(verdict) ? 'accepted' : verdict.reason
      const expected = given.ignoresConsumer ? await recordedWithoutConsumer(given) : given.recorded
      if (said === 'accepted' && said === expected) {
        if (given.recorded === 'accepted') expect(verdict).toMatchObject({ subject: given.subject })
        return null
      }
      if (said === expected || isOtherReason(said, expected, source)) return null
      return `${given.name}: ${said} (${source}), not ${expected}`
    },
  }
}

/**
 * Rule 1: what is refused here without asking may be refused for another reason than Onezone would name first. It
 * judges in the order of Onezone API, §5.3; the gateway begins with what it knows, and with a service token that is no
 * good Onezone would not come to judge the token at all.
 */
function isOtherReason(said: string, expected: string, source: string): boolean {
  return source === 'local' && said !== 'accepted' && expected !== 'accepted'
}

/**
 * Rule 2: a consumer token that no caveat reads is not sent (design, §4), so whether it is good changes nothing. What
 * the gateway must say is what Onezone says without it, and that is recorded for what the reference refuses before or
 * after looking at the consumer; where it refused the consumer token, a gateway without any knowledge is asked.
 */
async function recordedWithoutConsumer(given: GateCase): Promise<string> {
  if (given.recorded !== 'consumer_token_invalid') return given.recorded
  const request = { ...given.request, consumerToken: null }
  const verifier = createOnezoneVerifier({ client, serviceToken: given.serviceToken })
  const { verdict } = await verifier.verify(request)
  return isAccepted(verdict) ? 'accepted' : verdict.reason
}

/** Time goes forward only, so cases keep the order of their clocks; within one second any order will do. */
const IN_ORDER = [...GATE_CASES].sort((one, other) => one.clockSeconds - other.clockSeconds)
const SECONDS = [...new Set(IN_ORDER.map(({ clockSeconds }) => clockSeconds))]
const groups = (): GateCase[][] =>
  SECONDS.map((second) => IN_ORDER.filter(({ clockSeconds }) => clockSeconds === second))

describe(`${GATE_CASES.length} recorded verifications through the gate`, () => {
  test('enough of them are asked to mean something', () => {
    const left = [...LEFT_OUT.values()].reduce((sum, count) => sum + count, 0)
    expect(GATE_CASES.length + left).toBe(VERIFICATION_CASES.length)
    expect(GATE_CASES.length).toBeGreaterThan(280)
    const recorded = GATE_CASES.map((given) => given.recorded)
    expect(recorded.filter((each) => each === 'accepted').length).toBeGreaterThan(90)
    expect(new Set(recorded).size).toBeGreaterThan(9)
  })

  test('cold, each on a gateway of its own', async () => {
    const differences: (string | null)[] = []
    for (const given of GATE_CASES) {
      const gateways = createGateways()
      differences.push(await gateways.differenceOf(given))
    }
    expect(differences.filter((difference) => difference !== null)).toEqual([])
  })

  test.each([
    ['in their order', groups()],
    ['in reverse order', groups().map((group) => group.toReversed())],
  ])('on one gateway that knows more and more, %s, and twice again when warm', async (_, laps) => {
    const gateways = createGateways()
    const differences: (string | null)[] = []
    onezone.resetCalls()
    let cold = 0
    for (const group of laps) {
      for (const lap of [group, group, group.toReversed()]) {
        for (const given of lap) differences.push(await gateways.differenceOf(given))
        if (lap === group && cold === 0) cold = calls()
      }
    }
    expect(differences.filter((difference) => difference !== null)).toEqual([])
    expect(differences).toHaveLength(3 * GATE_CASES.length)
    expect(cold).toBeGreaterThan(0)
  })

  test('a warm gateway answers nearly all of them without asking', async () => {
    const gateways = createGateways()
    const group = groups().reduce((one, other) => (other.length > one.length ? other : one))
    for (const given of group) await gateways.differenceOf(given)
    onezone.resetCalls()
    for (const given of group) await gateways.differenceOf(given)
    const faults = group.filter(({ recorded }) => recorded === 'fault').length
    const familyless = group.filter(({ request }) => request.token.subject.type === 'group').length
    const withoutConsumer = group.filter(
      ({ ignoresConsumer, recorded }) => ignoresConsumer && recorded === 'consumer_token_invalid',
    )
    expect(calls()).toBeLessThanOrEqual(faults + familyless + withoutConsumer.length)
  })
})

function calls(): number {
  const counts = onezone.calls()
  return (
    (counts.verifyAccessToken ?? 0) +
    (counts.verifyIdentityToken ?? 0) +
    (counts.verifyInviteToken ?? 0)
  )
}
