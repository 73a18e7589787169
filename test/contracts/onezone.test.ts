import { systemClock } from '../../src/clock.ts'
import type { FaultRule } from '../../src/dev-onezone/index.ts'
import { createBackend } from '../../src/verifier/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { mint, withOneCharacterChanged } from '../helpers/tokens.ts'
import type { Trouble } from './verifier-contract.ts'
import { CONTRACT_TIMEOUT_MS, describeVerifierContract } from './verifier-contract.ts'

const FAULTS: Readonly<Record<Trouble, FaultRule>> = {
  reset: { operation: '*', kind: 'reset' },
  hang: { operation: '*', kind: 'hang' },
  garbage: { operation: '*', kind: 'garbage' },
  redirect: { operation: '*', kind: 'redirect', location: 'http://127.0.0.1:9/' },
  'server error': { operation: '*', kind: 'status', status: 500 },
  'too large': { operation: '*', kind: 'garbage', text: `{"x":"${'x'.repeat(70_000)}"}` },
  'too many requests': { operation: '*', kind: 'status', status: 429, retryAfterSeconds: 7 },
}

describeVerifierContract('onezone', async () => {
  const server = await startOnezone()
  const connection = { url: server.url, totalTimeoutMs: CONTRACT_TIMEOUT_MS }
  const good = server.createTemporaryToken({ subject: ALICE })
  const revocable = server.createTemporaryToken({ subject: { type: 'user', id: 'bob' } })
  const dead = server.createNamedToken({ subject: ALICE, name: 'dead', revoked: true })
  const identity = server.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } })
  const confined = server.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'ip', whitelist: ['10.0.0.0/8'] }],
  })
  const over = server.createTemporaryToken({
    subject: ALICE,
    caveats: [{ type: 'time', validUntil: Math.floor(Date.now() / 1000) + 1 }],
  })
  server.setClock(Math.floor(Date.now() / 1000) + 2)
  return {
    backend: createBackend({ onezone: connection }, { clock: systemClock }),
    good: { token: good, subject: ALICE },
    revocable: {
      token: revocable,
      revoke: () => server.revokeTemporaryTokens({ type: 'user', id: 'bob' }),
    },
    refused: [
      ['token_invalid', withOneCharacterChanged(good)],
      ['token_invalid', mint({ id: 'never-seen' })],
      ['token_revoked', dead.token],
      ['token_expired', over],
      ['token_type_mismatch', identity],
      ['caveat_unverified', confined],
    ],
    misconfigured: () =>
      createBackend(
        { onezone: connection, serviceToken: `opw-${mint({ id: 'unknown' })}` },
        { clock: systemClock },
      ),
    trouble: (trouble) => server.setFaults([FAULTS[trouble]]),
    stop: () => server.close(),
    asked: () => server.calls().verifyAccessToken,
  }
})
