import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'

import type { Identity } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'

// Tokens and verdicts are remembered: what a handler writes into an identity would reach the next request.

const CAVEATS = [
  { type: 'data.readonly' },
  { type: 'data.path', whitelist: ['L3NwYWNlL2E='] },
  { type: 'api', whitelist: ['all/all/*.*.*:*'] },
] as const

type Change = (identity: Identity) => unknown
const CHANGES: [what: string, change: Change][] = [
  ['the subject', (identity) => Object.assign(identity.subject, { id: 'root' })],
  ['who it is', (identity) => Object.assign(identity, { subject: { type: 'user', id: 'root' } })],
  ['the token', (identity) => Object.assign(identity.token, { id: 'other' })],
  ['the list of caveats', (identity) => (identity.delegatedCaveats as unknown[]).splice(0)],
  [
    'a caveat',
    (identity) => Object.assign(identity.delegatedCaveats[1] ?? {}, { whitelist: ['Lw=='] }),
  ],
  [
    'the entries of a caveat',
    (identity) => {
      const [, path] = identity.delegatedCaveats
      return path?.type === 'data.path' && (path.whitelist as string[]).push('Lw==')
    },
  ],
]

test.each(CHANGES)(
  'a handler cannot change %s, for itself or for others',
  async (_what, change) => {
    const onezone = await startOnezone()
    const verification = createVerification({ onezone: { url: onezone.url } })
    onTestFinished(() => verification.close())
    const errors: unknown[] = []
    const app = new Hono()
      .use(onedataAuth({ verification, caveats: { data: 'delegate', api: 'delegate' } }))
      .get('/', (c) => {
        const before = structuredClone(c.var.onedata)
        try {
          change(c.var.onedata)
        } catch (error) {
          errors.push(error)
        }
        return c.json({ before, after: c.var.onedata })
      })
    const token = onezone.createTemporaryToken({ subject: ALICE, caveats: CAVEATS })
    const get = async () =>
      (await (await app.request('/', { headers: { 'X-Auth-Token': token } })).json()) as {
        before: Identity
        after: Identity
      }
    const first = await get()
    const second = await get()
    expect(first.before).toMatchObject({ subject: ALICE, delegatedCaveats: CAVEATS })
    for (const identity of [first.after, second.before, second.after]) {
      expect(identity).toEqual(first.before)
    }
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)])
    expect(onezone.calls().verifyAccessToken).toBe(1)
  },
)
