import { expect, onTestFinished, test } from 'vitest'

import { opaqueToken } from '../../src/token/index.ts'
import type { BreakerState } from '../../src/verifier/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { question } from '../verification/gate-rig.ts'
import { readBody, sendJson, startHttpServer } from '../helpers/http-server.ts'

// Whoever has a token whose record names "Jane Doe" could open the breaker for everybody, by presenting it five times.

async function setUp(record: object) {
  const { url } = await startHttpServer(async (request, response) => {
    const { token } = JSON.parse(await readBody(request)) as { token: string }
    sendJson(response, 200, { id: token, userId: 'alice', ...(token === 'odd' ? record : {}) })
  })
  const states: BreakerState[] = []
  const verification = createVerification({
    tokenLookup: { url, apiToken: 'own-secret' },
    onBreakerChange: (state) => void states.push(state),
  })
  onTestFinished(() => verification.close())
  const ask = async (text: string) => {
    const { verdict } = await verification.verifier.verify({
      ...question(),
      token: opaqueToken(text),
    })
    return isAccepted(verdict) ? verdict.subject.id : verdict.reason
  }
  return { ask, states }
}

const ODD = [
  { userId: 'Jane Doe' },
  { userId: 'łucja' },
  { userId: '' },
  { userId: 'a\r\nX-Onedata-Subject-Id: root' },
  { id: 'an id' },
  { id: 'x'.repeat(257) },
]

test.each(ODD)('S-249 a record with %j closes the gateway to nobody else', async (record) => {
  const { ask, states } = await setUp(record)
  for (let times = 0; times < 12; times++) {
    await expect(ask('odd')).rejects.toMatchObject({
      code: 'ERR_VERIFIER_UNAVAILABLE',
      message: expect.stringContaining('cannot go into a header') as string,
    })
  }
  expect(await ask('other')).toBe('alice')
  expect(states).toEqual([])
})

test.each(ODD)('a record with %j is refused for what it says, all the same', async (record) => {
  expect(await (await setUp({ ...record, revoked: true })).ask('odd')).toBe('token_revoked')
  expect(await (await setUp({ ...record, expires: 1 })).ask('odd')).toBe('token_expired')
})
