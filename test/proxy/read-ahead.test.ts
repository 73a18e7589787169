import { once } from 'node:events'
import { PassThrough } from 'node:stream'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { readAhead } from '../../src/proxy/read-ahead.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** A body that is read ahead, and what was told of it. */
function begin(isCrowded: () => boolean) {
  const body = new PassThrough()
  const told: string[] = []
  readAhead(body, {
    isCrowded,
    onWhole: (whole) => void told.push(`whole ${whole.toString()}`),
    onLate: () => void told.push('late'),
    onLost: () => void told.push('lost'),
  })
  return { body, told }
}

test('a body that comes behind its head is handed over whole', async () => {
  const { body, told } = begin(() => false)
  body.write('abc')
  body.end('def')
  await once(body, 'end')
  expect(told).toEqual(['whole abcdef'])
  vi.advanceTimersByTime(5_000)
  expect(told).toHaveLength(1)
})

test('one that does not goes on at once, since the upstream may answer before its end', () => {
  const { body, told } = begin(() => false)
  body.write('abc')
  vi.advanceTimersByTime(25)
  expect(told).toEqual(['late'])
  expect(String(body.read())).toBe('abc')
})

test('where connections are few it waits for a second', () => {
  const { told } = begin(() => true)
  vi.advanceTimersByTime(999)
  expect(told).toEqual([])
  vi.advanceTimersByTime(1)
  expect(told).toEqual(['late'])
})
