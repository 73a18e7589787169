import { performance } from 'node:perf_hooks'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { StoreEvent } from '../../src/store/index.ts'
import { parseToken } from '../../src/token/index.ts'
import type { Rejection } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { eventually } from '../helpers/eventually.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { question } from '../verification/gate-rig.ts'
import type { RespAnswer, RespStub } from './resp-stub.ts'
import { startRespStub } from './resp-stub.ts'
import { SECRET } from './shared-rig.ts'

const DEADLINE_MS = 300
const BOUND_MS = 1_000

/** A gate with the real client, in real time. */
function openGate(stub: RespStub, onezoneUrl: string) {
  const events: StoreEvent[] = []
  const rejected: Rejection[] = []
  const verification = createVerification({
    onezone: { url: onezoneUrl, totalTimeoutMs: 900 },
    verdicts: { maxStalenessMs: BOUND_MS },
    store: { url: stub.url, secret: SECRET, deadlineMs: DEADLINE_MS },
    onStoreEvent: (event) => void events.push(event),
    onStoreRejection: (reason) => void rejected.push(reason),
  })
  onTestFinished(() => verification.close())
  const ask = (text: string) =>
    verification.verifier.verify({ ...question(), token: parseToken(text) })
  const isUp = (): boolean => verification.storeState?.up === true
  return { verification, events, rejected, ask, isUp }
}

async function startWithStub() {
  const onezone = await startOnezone()
  const stub = await startRespStub()
  const gate = openGate(stub, onezone.url)
  await eventually(gate.isUp)
  return { onezone, stub, gate, issue: () => onezone.createTemporaryToken({ subject: ALICE }) }
}

const READS = ['get', 'mget']
const toReads =
  (text: string) =>
  (command: string): RespAnswer | undefined =>
    READS.includes(command) ? text : undefined
const toAll = (text: RespAnswer) => (): RespAnswer => text

interface Malice {
  readonly answer: RespStub['answer']
  /** How the look is counted, and what of it is not used. */
  readonly counted: StoreEvent['outcome']
  readonly rejected?: Rejection
}

const list = (...items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`

const MALICE: Readonly<Record<string, Malice>> = {
  'claims a value of 1 GB': {
    answer: toReads(`$1000000000\r\n${'x'.repeat(10_000)}`),
    counted: 'late',
  },
  'claims a list of a thousand million values': {
    answer: toReads('*1000000000\r\n$-1\r\n'),
    counted: 'late',
  },
  'says half of an answer, and then nothing': {
    answer: toReads('*4\r\n$-1\r\n$50\r\nabc'),
    counted: 'late',
  },
  'says nothing': { answer: toAll(null), counted: 'late' },
  'hangs up in the middle of an answer': {
    answer: toAll({ text: '*4\r\n$-1\r\n$5\r\nab', after: 'hang up' }),
    counted: 'error',
  },
  'says a number': { answer: toReads(':1\r\n'), counted: 'hit', rejected: 'shape' },
  'says a word': { answer: toReads('+OK\r\n'), counted: 'hit', rejected: 'shape' },
  'says a list too short': {
    answer: toReads(list('$1\r\nx\r\n')),
    counted: 'hit',
    rejected: 'shape',
  },
  'says a list of lists, numbers and errors': {
    answer: toReads(list(list(':1\r\n'), ':2\r\n', '-ERR no\r\n', '$0\r\n\r\n')),
    counted: 'hit',
    rejected: 'shape',
  },
  'says a value of 100 kB': {
    answer: toReads(list(`$100000\r\n${'x'.repeat(100_000)}\r\n`)),
    counted: 'hit',
    rejected: 'shape',
  },
  'says a value of 2 MB': {
    answer: toReads(list(`$2000000\r\n${'x'.repeat(2_000_000)}\r\n`)),
    counted: 'error',
  },
  'says that there is no list': { answer: toReads('*-1\r\n'), counted: 'miss' },
  'says lists in lists, a hundred thousand deep': {
    answer: toReads('*1\r\n'.repeat(100_000)),
    counted: 'error',
  },
  'speaks another protocol': {
    answer: toAll('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
    counted: 'error',
  },
  'says -READONLY': { answer: toAll('-READONLY You can not write.\r\n'), counted: 'error' },
  'says -LOADING': { answer: toAll('-LOADING Redis is loading.\r\n'), counted: 'error' },
  'says -OOM': { answer: toAll('-OOM command not allowed.\r\n'), counted: 'error' },
  'says -MOVED': { answer: toAll('-MOVED 1 127.0.0.1:1\r\n'), counted: 'error' },
  'says -NOPERM': { answer: toAll('-NOPERM not for you.\r\n'), counted: 'error' },
}

describe('a server is a miss, and no harm, that', () => {
  test.each(Object.entries(MALICE))('%s', async (_, { answer, counted, rejected }) => {
    const { onezone, stub, gate, issue } = await startWithStub()
    stub.answer = answer
    const token = issue()
    const { verdict, source } = await gate.ask(token)
    expect([isAccepted(verdict), source]).toEqual([true, 'onezone'])
    expect((await gate.ask(token)).source).toBe('cache')
    const looks = gate.events.filter(({ operation }) => operation === 'look')
    expect(looks.map(({ outcome }) => outcome)).toEqual([counted])
    expect(gate.rejected[0]).toBe(rejected)
    expect(onezone.calls().verifyAccessToken).toBe(1)
    // As soon as it says what it should it is used again.
    stub.answer = () => undefined
    await eventually(gate.isUp)
    await eventually(async () => {
      await gate.ask(issue())
      return gate.events.findLast(({ operation }) => operation === 'look')?.outcome === 'miss'
    })
  })
})

test('a value without an end fills no memory', async () => {
  const { stub, gate, issue } = await startWithStub()
  stub.answer = (command) =>
    command === 'mget' ? { text: '$1000000000\r\n', after: 'go on' } : undefined
  expect((await gate.ask(issue())).source).toBe('onezone')
  await eventually(() => stub.bytesSent() > 1_000_000)
  // What both machines' buffers hold has gone out, too.
  expect(stub.bytesSent()).toBeLessThan(32_000_000)
})

describe('no grant passes the bound where the time of the store', () => {
  let lookedAt = 0
  test.each<[string, () => number]>([
    ['stands still', () => 1_800_000_000_000],
    ['goes at half its speed', () => 1_800_000_000_000 + performance.now() / 2],
    ['is set at each look', () => 1_800_000_000_000 + ((lookedAt += 1) % 2) * 5_000],
    ['is no number', () => NaN],
    ['is beyond all numbers', () => 10 ** 300],
  ])('%s', async (_, timeMs) => {
    const { onezone, stub, gate: a, issue } = await startWithStub()
    const values = new Map<string, string>()
    const bulk = (text: string | undefined): string =>
      text === undefined ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`
    stub.answer = (command, args) => {
      if (command === 'time') {
        const ms = timeMs()
        return list(bulk(String(ms / 1000)), bulk(String((ms % 1000) * 1000)))
      }
      if (command === 'set') values.set(args[0] ?? '', args[1] ?? '')
      if (command === 'get') return bulk(values.get(args[0] ?? ''))
      if (command === 'mget') return list(...args.map((name) => bulk(values.get(name))))
      return undefined
    }
    const b = openGate(stub, onezone.url)
    const [token, other] = [issue(), issue()]
    for (const gate of [a, b]) expect(isAccepted((await gate.ask(token)).verdict)).toBe(true)
    await a.ask(other)
    onezone.revokeTemporaryTokens(ALICE)
    const revokedAtMs = performance.now()
    for (const gate of [b, a]) {
      await eventually(async () => {
        const askedAtMs = performance.now()
        const { verdict } = await gate.ask(gate === b ? other : token)
        if (!isAccepted(verdict)) return true
        expect(askedAtMs - revokedAtMs).toBeLessThan(BOUND_MS)
        return false
      })
    }
  })
})
