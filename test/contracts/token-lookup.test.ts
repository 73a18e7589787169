import { systemClock } from '../../src/clock.ts'
import type { LookupFault } from '../../src/dev-token-lookup/index.ts'
import { createBackend } from '../../src/verifier/index.ts'
import { startTokenLookup } from '../helpers/token-lookup.ts'
import type { Trouble } from './verifier-contract.ts'
import { CONTRACT_TIMEOUT_MS, describeVerifierContract } from './verifier-contract.ts'

const FAULTS: Readonly<Record<Trouble, LookupFault>> = {
  reset: { kind: 'reset' },
  hang: { kind: 'hang' },
  garbage: { kind: 'garbage' },
  redirect: { kind: 'redirect', location: 'http://127.0.0.1:9/' },
  'server error': { kind: 'status', status: 500 },
  'too large': { kind: 'garbage', text: `{"id":"${'x'.repeat(70_000)}"}` },
  'too many requests': { kind: 'status', status: 429, retryAfterSeconds: 7 },
}

describeVerifierContract('token-lookup', async () => {
  const server = await startTokenLookup()
  const connection = {
    url: server.url,
    apiToken: server.apiToken,
    totalTimeoutMs: CONTRACT_TIMEOUT_MS,
  }
  const good = server.createToken({ expiresInMs: 3_600_000 })
  const revocable = server.createToken()
  const dead = server.createToken()
  server.setRevoked(dead.id, true)
  const gone = server.createToken()
  server.deleteToken(gone.id)
  return {
    backend: createBackend({ tokenLookup: connection }, { clock: systemClock }),
    good: { token: good.token, subject: { type: 'user', id: 'alice' } },
    revocable: {
      token: revocable.token,
      revoke: () => server.setRevoked(revocable.id, true),
    },
    refused: [
      ['token_invalid', gone.token],
      ['token_invalid', `${good.token.slice(0, -1)}1`],
      ['token_invalid', 'anything-else'],
      ['token_revoked', dead.token],
      ['token_expired', server.createToken({ expiresInMs: 0 }).token],
    ],
    misconfigured: () =>
      createBackend(
        { tokenLookup: { ...connection, apiToken: server.createToken().token } },
        { clock: systemClock },
      ),
    trouble: (trouble) => server.setFault(FAULTS[trouble]),
    stop: () => server.close(),
    asked: () => server.calls('getTokenMetadataBySecret'),
  }
})
