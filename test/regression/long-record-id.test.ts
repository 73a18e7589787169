import { expect, test } from 'vitest'

import { startLookupRig } from '../helpers/lookup-rig.ts'
import { mint } from '../helpers/tokens.ts'

// Tokens with an id of more than 96 characters were accepted, and could not be taken back by it.

const LONGEST = 'i'.repeat(256)

test('a token whose id has 256 characters is taken back by it', async () => {
  const { ask, asked, records, verification } = await startLookupRig()
  records.set('secret', { id: LONGEST, scopes: ['read'] })
  for (const selector of [{ tokenId: LONGEST }, { family: { tokenId: LONGEST } }]) {
    await ask('secret')
    expect(verification.invalidate(selector)).toEqual({ families: 1, tokens: 1 })
  }
  expect(await ask('secret')).toEqual(['may read', 'token-lookup'])
  expect(asked).toEqual(['secret', 'secret', 'secret'])
  const subject = { type: 'user', id: LONGEST } as const
  expect(verification.invalidate({ subject })).toEqual({ families: 0, tokens: 0 })
})

const TOKEN = mint()
test.each([
  `${LONGEST}i`,
  TOKEN,
  TOKEN.slice(0, 97),
  `opw-${TOKEN.slice(0, 60)}`,
  `dt0c01.PUBLIC.${'S'.repeat(64)}`,
])('%s is no id, and is not repeated', async (tokenId) => {
  const { verification } = await startLookupRig()
  for (const selector of [{ tokenId }, { subject: { type: 'user', id: tokenId } as const }]) {
    const invalidate = () => verification.invalidate(selector)
    expect(invalidate).toThrow(/must be an id: 1 to 256 characters, and no token/)
    expect(invalidate).not.toThrow(tokenId)
  }
})
