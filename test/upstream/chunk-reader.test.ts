import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ChunkReader } from '../../src/upstream/chunk-reader.ts'

interface Reading {
  readonly body: string
  /** Where the body ended, in bytes from the start; null: not yet; -1: broken. */
  readonly end: number | null
}

function read(parts: readonly string[]): Reading {
  const reader = new ChunkReader()
  let body = ''
  let before = 0
  const sink = {
    onBodyPart: (part: Buffer): boolean => {
      body += part.toString('latin1')
      return true
    },
  }
  for (const part of parts) {
    const end = reader.read(Buffer.from(part, 'latin1'), 0, sink)
    if (end !== null) return { body, end: end === -1 ? -1 : before + end }
    before += part.length
  }
  return { body, end: null }
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted(
    (a, b) => a - b,
  )
  return [...at, text.length].map((end, i) => text.slice(i === 0 ? 0 : at[i - 1], end))
}

test('a body in chunks is the same, however it is cut', () => {
  const chunk = fc.tuple(fc.string({ minLength: 1, unit: 'binary-ascii' }), fc.boolean())
  fc.assert(
    fc.property(
      fc.array(chunk),
      fc.array(fc.nat(2_000)),
      fc.boolean(),
      (chunks, places, trailer) => {
        const text = [
          ...chunks.map(([data, extended]) => {
            const size = data.length.toString(16)
            return `${extended ? `${size.toUpperCase()};a="b"` : size}\r\n${data}\r\n`
          }),
          `0\r\n${trailer ? 'X-T: 1\r\n' : ''}\r\n`,
        ].join('')
        const body = chunks.map(([data]) => data).join('')
        expect(read(cut(text, places))).toEqual({ body, end: text.length })
        expect(read([`${text}more`])).toEqual({ body, end: text.length })
      },
    ),
  )
})

test.each([
  ['no size', '\r\n'],
  ['a prefix', '0x5\r\nhello\r\n'],
  ['a sign', '+5\r\nhello\r\n'],
  ['less than nothing', '-5\r\nhello\r\n'],
  ['an underscore', '1_0\r\n'],
  ['a space before', ' 5\r\nhello\r\n'],
  ['more than can be counted', '10000000000000000\r\n'],
  ['a bare line feed', '5\nhello\r\n'],
  ['a bare line feed after data', '5\r\nhello\n'],
  ['a carriage return in an extension', '5;a\rb\r\n'],
  ['NUL in an extension', '5;a\0b\r\n'],
  ['an extension without a name', '5;\r\n'],
  ['data that goes on', '5\r\nhelloXX\r\n'],
  ['an end without a line', '0\r\nXX\r\n'],
  ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
  ['a length in the trailers', '0\r\nContent-Length: 3\r\n\r\n'],
  ['a coding in the trailers', '0\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['a long extension', `5;${'a'.repeat(300)}`],
  ['many extensions', `1;${'a'.repeat(200)}\r\nx\r\n`.repeat(100)],
  ['long trailers', `0\r\n${`A: ${'a'.repeat(1_000)}\r\n`.repeat(20)}`],
  ['a trailer without end', `0\r\nA: ${'a'.repeat(20_000)}`],
])('%s is no body in chunks, wherever it is cut', (_what, text) => {
  expect(read([text]).end).toBe(-1)
  expect(read([...text]).end).toBe(-1)
})

test('nothing is read after whoever took the data has had enough', () => {
  const parts: string[] = []
  const reader = new ChunkReader()
  const sink = {
    onBodyPart: (part: Buffer): boolean => {
      parts.push(part.toString())
      return false
    },
  }
  expect(reader.read(Buffer.from('1\r\na\r\n1\r\nb\r\n0\r\n\r\n'), 0, sink)).toBeNull()
  expect(parts).toEqual(['a'])
})
