import { Hono } from 'hono'
import { expect, test } from 'vitest'

import type { OnedataAuthOptions } from '../../src/index.ts'
import { onedataAuth } from '../../src/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'

// `subject` for `subjects` restricted nothing: everybody passed, and nobody was told.

test('a middleware with "subject" for "subjects" is not made', async () => {
  const onezone = await startOnezone()
  const create = (restriction: object) =>
    onedataAuth({ onezoneUrl: onezone.url, ...restriction } as OnedataAuthOptions)
  expect(() => create({ subject: { ids: ['bob'] } })).toThrow(TypeError)
  expect(() => create({ subject: { ids: ['bob'] } })).toThrow(
    '"subject" is no option of onedataAuth; did you mean "subjects"?',
  )

  const app = new Hono().use(create({ subjects: { ids: ['bob'] } })).get('/', (c) => c.text('in'))
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const response = await app.request('/', { headers: { 'X-Auth-Token': token } })
  expect(response.status).toBe(403)
})
