import { expect, onTestFinished, test, vi } from 'vitest'

import { readRecords } from '../../src/cli/named-token-records.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { fitted } from '../../src/cli/terminal.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { runDispatch } from './run-dispatch.ts'

async function setUp() {
  const onezone = await startOnezone()
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'at the shell' })
  const endsIn = (seconds: number) => [
    { type: 'time' as const, validUntil: Math.floor(Date.now() / 1000) + seconds },
  ]
  onezone.createNamedToken({ subject: ALICE, name: 'build-a', caveats: endsIn(3600) })
  onezone.createNamedToken({ subject: ALICE, name: 'build-b', caveats: endsIn(30 * 86_400) })
  onezone.createNamedToken({ subject: ALICE, name: 'old', caveats: endsIn(-60) })
  onezone.createNamedToken({ subject: ALICE, name: 'id', type: { identityToken: {} } })
  const lost = onezone.createNamedToken({ subject: ALICE, name: 'lost', caveats: endsIn(60) })
  onezone.setNamedTokenRevoked(lost.tokenId, true)
  const directory = await directoryWith({ me: token })
  const names = async (line: string): Promise<string[]> => {
    const flags = line === '' ? [] : line.split(' ')
    const access = ['--onezone-url', onezone.url, '--auth-file', `${directory}/me`]
    const { stdout } = await runDispatch(['token', 'list', '--json', ...flags, ...access])
    return (JSON.parse(stdout) as { tokens: { name: string }[] }).tokens.map(({ name }) => name)
  }
  return { onezone, token, directory, names }
}

test('filters by name, kind, state and the end', async () => {
  const { names } = await setUp()
  expect(await names('')).toEqual(['at the shell', 'build-a', 'build-b', 'id', 'lost', 'old'])
  expect(await names('--name BUILD')).toEqual(['build-a', 'build-b'])
  expect(await names('--name build-*')).toEqual(['build-a', 'build-b'])
  expect(await names('--name *-a')).toEqual(['build-a'])
  expect(await names('--name uild-*')).toEqual([])
  expect(await names('--kind identity')).toEqual(['id'])
  expect(await names('--state revoked')).toEqual(['lost'])
  expect(await names('--state expired')).toEqual(['old'])
  expect(await names('--expiring-within 7d')).toEqual(['build-a'])
  expect(await names('--expiring-within 30s')).toEqual([])
  expect(await names('--expiring-within 60d --name b')).toEqual(['build-a', 'build-b'])
})

test.each([
  ['--state lost', '--state must be one of good, revoked, expired'],
  ['--kind root', '--kind must be one of access, identity, invite'],
  ['--expiring-within soon', '--expiring-within must be a number and a unit: 30s, 15m, 1h or 7d'],
])('%s is a mistake in usage', async (flags, message) => {
  const { code, stderr } = await runDispatch(['token', 'list', ...flags.split(' ')])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})

test('many records are asked for a few at a time, and whoever waits is told how far that is', async () => {
  const onezone = await startOnezone()
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'at the shell' })
  const ids = Array.from(
    { length: 40 },
    (_, at) => onezone.createNamedToken({ subject: ALICE, name: `t ${at}` }).tokenId,
  )
  onezone.setFaults([{ operation: 'getNamedToken', kind: 'latency', latencyMs: 300 }])
  const client = createOnezoneClient({ url: onezone.url, credentials: { token } })
  onTestFinished(() => client.close())
  const told: string[] = []
  const records = await readRecords({ client }, ids as never, {
    report: (line) => void told.push(line),
  })
  expect(records).toHaveLength(40)
  expect(told[0]).toMatch(/^reading tokens: \d+ of 40, 1 s$/)
})

test('work that is done within a second is done in silence', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const told: string[] = []
  const quick = startProgress({ report: (line) => void told.push(line) }, 'working', null)
  vi.advanceTimersByTime(999)
  quick.end()
  vi.advanceTimersByTime(10_000)
  expect(told).toEqual([])
})

test('columns fit into the terminal, and the id is never cut', () => {
  const id = 'f'.repeat(32)
  const rows = [
    ['name', 'state', 'id'],
    ['a very long name that nobody can read in one glance', 'good', id],
  ]
  const lines = fitted(rows, 60)
  expect(lines.every((line) => line.length <= 60)).toBe(true)
  expect(lines[1]).toContain('…')
  expect(lines[1]?.endsWith(id)).toBe(true)
  expect(fitted(rows, null)[1]).toContain('one glance')
})
