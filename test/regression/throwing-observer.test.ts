import { describe, expect, onTestFinished, test } from 'vitest'

import { createAuthenticator } from '../../src/authenticator/index.ts'
import { VerifierFaultError } from '../../src/errors.ts'
import { createVerification } from '../../src/index.ts'
import type { Logger } from '../../src/logger.ts'
import { silentLogger } from '../../src/logger.ts'
import type { SourcedVerdict, Verifier } from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { mint } from '../helpers/tokens.ts'

// A metrics hook that fails must not turn a grant into an error, nor a refusal into one that looks like an outage.

const fail = (): never => {
  throw new Error('the observer is broken')
}
const subject = { type: 'user', id: 'alice' } as const
const granting: Verifier = {
  verify: () => ({
    verdict: accept({ subject, ttlSeconds: null, askedAtMs: 0 }),
    source: 'onezone',
  }),
  close: () => Promise.resolve(),
}

function createLog(): { lines: string[]; logger: Logger } {
  const lines: string[] = []
  const error = (_facts: object, message: string) => void lines.push(message)
  return { lines, logger: { ...silentLogger, error } }
}

describe('an observer of decisions that throws', () => {
  const decide = (verify: () => SourcedVerdict | Promise<SourcedVerdict>, rawHeaders: string[]) => {
    const { lines, logger } = createLog()
    const decision = createAuthenticator({
      verifier: { ...granting, verify },
      logger,
      onDecision: fail,
    })
      .route({ id: 'r', token: 'access' })
      .authenticate({ rawHeaders, remoteAddress: '192.0.2.1', secure: false })
    return { decision, lines }
  }
  const credentials = ['X-Auth-Token', mint()]
  const refused = (): SourcedVerdict => ({ verdict: refuse('token_revoked', 0), source: 'onezone' })

  test.each<[string, () => SourcedVerdict | Promise<SourcedVerdict>]>([
    ['at once', () => granting.verify({} as never)],
    ['later', async () => granting.verify({} as never)],
  ])('leaves a grant what it is (%s), and is reported', async (_title, verify) => {
    const { decision, lines } = decide(verify, credentials)
    expect(await decision).toMatchObject({ outcome: 'granted', identity: { subject } })
    expect(lines).toEqual(['an observer of decisions failed'])
  })

  test.each<[string, () => SourcedVerdict | Promise<SourcedVerdict>]>([
    ['at once', refused],
    ['later', async () => refused()],
  ])('leaves a refusal what it is (%s)', async (_title, verify) => {
    const { decision } = decide(verify, credentials)
    expect(await decision).toMatchObject({ outcome: 'denied', answer: { code: 'token_revoked' } })
  })

  test('leaves a refusal that needs no verdict what it is', async () => {
    const { decision } = decide(() => expect.unreachable(), [])
    expect(await decision).toMatchObject({ answer: { code: 'credentials_missing' } })
  })

  test('leaves a fault what it is', async () => {
    const { decision } = decide(() => {
      throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'down')
    }, credentials)
    expect(await decision).toMatchObject({ answer: { code: 'verifier_unavailable' } })
  })
})

test('an observer of evictions that throws costs no verdict and no memory', async () => {
  const onezone = await startOnezone()
  const evicted: string[] = []
  const verification = createVerification({
    onezone: { url: onezone.url },
    verdicts: { maxTokens: 1 },
    onEviction(store) {
      evicted.push(store)
      fail()
    },
  })
  onTestFinished(() => verification.close())
  const route = createAuthenticator({ verifier: verification.verifier }).route({
    id: 'r',
    token: 'access',
  })
  const authenticate = async (token: string) =>
    route.authenticate({
      rawHeaders: ['X-Auth-Token', token],
      remoteAddress: '192.0.2.1',
      secure: false,
    })
  const tokens = Array.from({ length: 3 }, () => onezone.createTemporaryToken({ subject: ALICE }))
  for (const token of tokens) {
    expect(await authenticate(token)).toMatchObject({ outcome: 'granted', source: 'onezone' })
  }
  expect(evicted).toEqual(['grants', 'grants'])
  expect(verification.entries('grants')).toBe(1)
  expect(await authenticate(tokens[2] ?? '')).toMatchObject({ outcome: 'granted', source: 'cache' })
  expect(onezone.calls().verifyAccessToken).toBe(3)
})
