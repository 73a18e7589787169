import { onTestFinished } from 'vitest'

import { opaqueToken } from '../../src/token/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import type { VerdictOptions } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { createFakeClock } from './fake-clock.ts'
import { readBody, sendJson, startHttpServer } from './http-server.ts'

/** What the API has on record, by secret; it knows no other. */
export type LookupRecords = Map<string, { id: string; scopes: readonly string[] }>

/**
 * A verification before a look-up API in which several secrets may share one record, on a clock that moves when told.
 */
export async function startLookupRig(verdicts: VerdictOptions = {}) {
  const clock = createFakeClock()
  const records: LookupRecords = new Map()
  const asked: string[] = []
  const { url } = await startHttpServer(async (request, response) => {
    const { token } = JSON.parse(await readBody(request)) as { token: string }
    asked.push(token)
    const record = records.get(token)
    if (record === undefined) sendJson(response, 404, { error: { code: 404, message: 'no' } })
    else sendJson(response, 200, { ...record, userId: 'alice' })
  })
  const verification = createVerification({
    tokenLookup: { url, apiToken: 'own-secret' },
    verdicts,
    clock,
    random: () => 0.5,
  })
  onTestFinished(() => verification.close())
  /** Scopes of the grant, or the reason of the refusal; and where the verdict came from. */
  const ask = async (secret: string): Promise<readonly [string, string]> => {
    const { verdict, source } = await verification.verifier.verify({
      token: opaqueToken(secret),
      kind: 'access',
      peerIp: null,
      interface: 'rest',
      consumerToken: null,
      allowDataAccessCaveats: false,
      inviteType: null,
    })
    return [
      isAccepted(verdict) ? `may ${verdict.record?.scopes.join(' ')}` : verdict.reason,
      source,
    ]
  }
  return { ask, asked, clock, records, verification }
}
