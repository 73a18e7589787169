import { createHash } from 'node:crypto'

import { expect, test } from 'vitest'

import { contextFieldsOf, familyOf, opaqueToken } from '../../src/token/index.ts'

test('an opaque token claims nothing, and has a digest and a name that tell nothing of its text', () => {
  const token = opaqueToken('a-secret')
  const digest = createHash('sha256').update('a-secret').digest()
  expect(token).toMatchObject({
    serialized: 'a-secret',
    id: null,
    kind: 'access',
    subject: { type: 'nobody', id: null },
    caveats: [],
    validUntil: null,
    digest: digest.toString('base64url'),
    fingerprint: digest.toString('hex').slice(0, 12),
  })
  expect(familyOf(token)).toBeNull()
  expect([...contextFieldsOf(token)]).toEqual([])
  expect(Object.isFrozen(token)).toBe(true)
  expect(opaqueToken('a-secreT').digest).not.toBe(token.digest)
})
