import { expect, test } from 'vitest'

import { createHeaderPolicy } from '../../src/authenticator/index.ts'
import { startGateway } from '../helpers/gateway.ts'

// One field that says both who and from where would be stated twice, and each back end would believe another one.

const TAKEN = [
  'X-Forwarded-For',
  'X-Real-IP',
  'x_forwarded_for',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
]

test.each(TAKEN)('%s cannot be the name of an identity field', async (name) => {
  expect(() => createHeaderPolicy({ names: { subjectId: name } })).toThrow(TypeError)
  expect(() => createHeaderPolicy({ names: { subjectId: name } })).toThrow('"headers.subjectId"')
  const yaml = `routes: [{ path: /**, upstream: 'http://127.0.0.1:9', headers: { subjectId: '${name}' } }]`
  await expect(startGateway({ onezoneUrl: 'http://127.0.0.1:9', yaml })).rejects.toThrow(
    'subjectId',
  )
})

test('X-Forwarded-User can', () => {
  expect(() => createHeaderPolicy({ names: { subjectId: 'X-Forwarded-User' } })).not.toThrow()
})
