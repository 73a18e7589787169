import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { closeFrame, createFrameReader } from '../../src/proxy/websocket-frames.ts'
import { CLOSE, decodeFrame, encodeFrame } from '../helpers/websocket.ts'

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(0, 1, 2, 9, 10),
    masked: fc.boolean(),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000).map((size) => new Uint8Array(size)),
    ),
  }),
  { minLength: 1, maxLength: 6 },
)

/** Cuts a buffer in pieces of these sizes, over and over. */
function cut(buffer: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, i = 0; at < buffer.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    pieces.push(buffer.subarray(at, at + size))
    at += size
  }
  return pieces
}

describe('a frame reader', () => {
  test('knows where frames end, wherever they are cut', () => {
    fc.assert(
      fc.property(
        frames,
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 }),
        (sent, sizes) => {
          const encoded = sent.map((frame) =>
            encodeFrame(frame.opcode, Buffer.from(frame.payload), frame.masked),
          )
          const ends = new Set<number>([0])
          let total = 0
          for (const { length } of encoded) ends.add((total += length))
          const reader = createFrameReader()
          let at = 0
          for (const piece of cut(Buffer.concat(encoded), sizes)) {
            reader.read(piece)
            at += piece.length
            expect(reader.atBoundary).toBe(ends.has(at))
          }
          expect(reader.sawClose).toBe(false)
        },
      ),
    )
  })

  test('reads the frame that has begun to its end, and no further', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (sent, seed) => {
        const encoded = sent.map((frame) =>
          encodeFrame(frame.opcode, Buffer.from(frame.payload), frame.masked),
        )
        const all = Buffer.concat(encoded)
        const at = seed % all.length
        const reader = createFrameReader()
        reader.read(all.subarray(0, at))
        let next = 0
        for (let i = 0; next < at; i++) next += encoded[i]!.length
        expect(reader.readFrame(all.subarray(at))).toBe(next - at)
        expect(reader.atBoundary).toBe(true)
      }),
    )
  })

  test('counts no length that nobody can count, and finds no end to it', () => {
    const reader = createFrameReader()
    reader.read(Buffer.of(0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0))
    reader.read(Buffer.alloc(1_000_000))
    expect(reader.atBoundary).toBe(false)
    expect(reader.readFrame(Buffer.alloc(10))).toBe(10)
  })

  test('notices a close frame', () => {
    const reader = createFrameReader()
    reader.read(encodeFrame(CLOSE, Buffer.of(3, 232), true))
    expect([reader.sawClose, reader.atBoundary]).toEqual([true, true])
  })
})

describe('a close frame', () => {
  test.each(['client', 'server'] as const)('for a %s is one that it takes', (receiver) => {
    const { frame, size } = decodeFrame(closeFrame(1008, 'token_revoked', receiver))!
    expect(frame.opcode).toBe(CLOSE)
    expect(frame.masked).toBe(receiver === 'server')
    expect(frame.payload.readUInt16BE(0)).toBe(1008)
    expect(frame.payload.subarray(2).toString()).toBe('token_revoked')
    expect(size).toBe(closeFrame(1008, 'token_revoked', receiver).length)
  })
})
