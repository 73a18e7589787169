import { inspect } from 'node:util'

import { describe, expect, test } from 'vitest'

import type { FaultRule } from '../../src/dev-onezone/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { ALICE } from '../helpers/onezone.ts'
import { startWatched } from './watched-onezone.ts'

const BOB = { type: 'user', id: 'bob' } as const

describe('a watch in trouble', () => {
  test('says that it has begun, and what it does', async () => {
    const { log, verification } = await startWatched()
    expect(verification.watchState).toBe('active')
    expect(log).toEqual([
      [
        'info',
        { watch: 'active', intervalMs: 2_000 },
        'the watch reads generations and statuses of the families in use every 2000 ms',
      ],
    ])
  })

  test('a bad watch token is degraded, and the bound still holds', async () => {
    const { onezone, ask, passUsing, untilRefused, verification, outcomes, log } =
      await startWatched({ watch: { token: 'bad-watch-token' } })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await ask(token)
    await passUsing(3_000, token)
    expect([verification.watchState, ...outcomes]).toEqual(['degraded', 'unauthorized'])
    expect(log.map(([level]) => level)).toEqual(['info', 'error', 'warn'])
    onezone.revokeTemporaryTokens(ALICE)
    expect(await untilRefused(token)).toBeLessThanOrEqual(10_000)
  })

  test('a watch token that is revoked is found out, and one Onezone error is no revocation', async () => {
    const { onezone, ask, passUsing, verification } = await startWatched()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await ask(token)
    await passUsing(3_000, token)
    expect(verification.watchState).toBe('active')
    onezone.revokeTemporaryTokens({ type: 'user', id: 'watcher' })
    await passUsing(3_000, token)
    expect(verification.watchState).toBe('degraded')
    expect(await ask(token)).toBe('accepted')
  })

  test.each<[string, string, Omit<FaultRule, 'operation'>]>([
    ['403', 'forbidden', { kind: 'status', status: 403, body: { error: { id: 'forbidden' } } }],
    ['404', 'missing', { kind: 'status', status: 404, body: { error: { id: 'notFound' } } }],
    ['500', 'fault', { kind: 'status', status: 500 }],
    ['a reset', 'fault', { kind: 'reset' }],
    ['garbage', 'fault', { kind: 'garbage' }],
    ['a truncated answer', 'fault', { kind: 'truncate' }],
    ['a redirect', 'fault', { kind: 'redirect', location: 'http://127.0.0.1:9/' }],
    ['an HTML 403', 'fault', { kind: 'status', status: 403 }],
  ] as [string, string, Omit<FaultRule, 'operation'>][])(
    '%s is counted as %s, refuses nobody, and is over when it is over',
    async (_name, outcome, rule) => {
      const { onezone, ask, passUsing, verification, outcomes } = await startWatched()
      const token = onezone.createTemporaryToken({ subject: ALICE })
      await ask(token)
      onezone.setFaults([{ operation: 'getTemporaryTokenGeneration', ...rule } as FaultRule])
      await passUsing(12_000, token)
      expect(outcomes.length).toBeGreaterThan(0)
      expect(outcomes.length).toBeLessThanOrEqual(4)
      expect(new Set(outcomes)).toEqual(new Set([outcome]))
      expect(await ask(token)).toBe('accepted')
      onezone.setFaults([])
      await passUsing(30_000, token)
      expect([outcomes.at(-1), verification.watchState]).toEqual(['ok', 'active'])
    },
  )

  test('does not read while the breaker is open', async () => {
    const { onezone, ask, passUsing, verification, reads } = await startWatched()
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await ask(token)
    onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 503 }])
    for (let i = 0; i < 5; i++) {
      expect(await ask(onezone.createTemporaryToken({ subject: BOB }))).toBe('fault')
    }
    expect([verification.breakerState, verification.watchState]).toEqual(['open', 'degraded'])
    const before = reads()
    await passUsing(4_000, token)
    expect(reads()).toBe(before)
  })

  test('an observer that throws changes nothing', async () => {
    const { onezone, ask, passUsing, untilRefused, verification } = await startWatched({
      onWatchRead: () => {
        throw new Error('broken metrics')
      },
    })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    await ask(token)
    await passUsing(5_000, token)
    expect(verification.watchState).toBe('active')
    onezone.revokeTemporaryTokens(ALICE)
    expect(await untilRefused(token)).toBeLessThanOrEqual(2_500)
  })
})

test('the log holds no part of a token, whatever happens to the watch', async () => {
  const lines: unknown[] = []
  const tokens: string[] = []
  for (const rule of [
    { kind: 'status', status: 401, body: { error: { id: 'unauthorized' } } },
    { kind: 'status', status: 403, body: { error: { id: 'forbidden' } } },
    { kind: 'status', status: 400, body: { error: { id: 'badToken' } } },
    { kind: 'garbage' },
    { kind: 'truncate' },
    { kind: 'reset' },
    { kind: 'redirect', location: 'http://127.0.0.1:9/' },
  ]) {
    const { onezone, ask, passUsing, log, watchToken, outcomes } = await startWatched()
    const used = [
      onezone.createTemporaryToken({ subject: ALICE }),
      onezone.createNamedToken({ subject: ALICE, name: 'one' }).token,
    ]
    await Promise.all(used.map(ask))
    const operations = ['getTemporaryTokenGeneration', 'getNamedTokenStatus']
    onezone.setFaults(operations.map((operation) => ({ operation, ...rule }) as FaultRule))
    await passUsing(5_000, ...used)
    expect(outcomes.length).toBeGreaterThan(0)
    expect(outcomes).not.toContain('ok')
    lines.push(...log)
    tokens.push(watchToken, ...used)
  }
  const options = { depth: 9, maxStringLength: null, maxArrayLength: null, showHidden: true }
  const text = inspect(lines, options)
  expect(lines.length).toBeGreaterThan(tokens.length / 3)
  for (const token of tokens) {
    for (const part of [token, token.slice(-40), token.slice(40, 80)]) {
      expect(text).not.toContain(part)
    }
  }
})

describe('options that make no sense are refused', () => {
  test.each([
    [{ token: '' }, '"watch.token" must be a token: printable ASCII without spaces'],
    [{ token: 'a b' }, '"watch.token" must be a token: printable ASCII without spaces'],
    [{ token: 'a\n' }, '"watch.token" must be a token: printable ASCII without spaces'],
    [
      { token: 't', intervalMs: 249 },
      '"watch.intervalMs" must be a whole number from 250 to 300000',
    ],
    [
      { token: 't', intervalMs: 300.5 },
      '"watch.intervalMs" must be a whole number from 250 to 300000',
    ],
    [
      { token: 't', intervalMs: 10_000 },
      '"watch.intervalMs" must be less than "maxStalenessMs": otherwise the watch finds nothing first',
    ],
    [{ token: 't', concurrency: 0 }, '"watch.concurrency" must be a whole number from 1 to 64'],
    [{ token: 't', concurrency: 65 }, '"watch.concurrency" must be a whole number from 1 to 64'],
  ])('%o', (watch, message) => {
    const create = () => createVerification({ onezone: { url: 'http://127.0.0.1:9' }, watch })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(message)
  })
})
