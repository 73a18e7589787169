import { describe, expect, test } from 'vitest'

import { createAuthenticator } from '../../src/authenticator/index.ts'
import { VerifierFaultError } from '../../src/errors.ts'
import type { SourcedVerdict } from '../../src/verifier/index.ts'
import { accept } from '../../src/verifier/index.ts'
import { mint } from '../helpers/tokens.ts'

// A log that cannot be written (a full disk, a closed pipe) must not decide anything, nor end the process.

const fail = (): never => {
  throw new Error('the log is broken')
}
const logger = { debug: fail, info: fail, warn: fail, error: fail }
const fault = (): never => {
  throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', 'down')
}
const granting = (): SourcedVerdict => ({
  verdict: accept({ subject: { type: 'user', id: 'alice' }, ttlSeconds: null, askedAtMs: 0 }),
  source: 'onezone',
})

describe('a logger that throws', () => {
  const authenticate = async (
    verify: () => SourcedVerdict | Promise<SourcedVerdict>,
    onDecision?: () => void,
  ) =>
    createAuthenticator({
      verifier: { verify, close: () => Promise.resolve() },
      logger,
      onDecision,
    })
      .route({ id: 'r', token: 'access' })
      .authenticate({
        rawHeaders: ['X-Auth-Token', mint()],
        remoteAddress: '192.0.2.1',
        secure: false,
      })

  test.each<[string, () => Promise<never> | never]>([
    ['at once', fault],
    ['later', async () => fault()],
  ])('leaves a fault what it is (%s)', async (_title, verify) => {
    expect(await authenticate(verify)).toMatchObject({ answer: { code: 'verifier_unavailable' } })
  })

  test.each<[string, () => Promise<never> | never]>([
    ['at once', () => fail()],
    ['later', async () => fail()],
  ])('leaves an unexpected error what it is (%s)', async (_title, verify) => {
    expect(await authenticate(verify)).toMatchObject({ answer: { code: 'internal_error' } })
  })

  test('leaves a grant what it is, whose observer throws as well', async () => {
    expect(await authenticate(granting, fail)).toMatchObject({ outcome: 'granted' })
  })
})
