import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { connect } from 'node:tls'

import { onTestFinished } from 'vitest'

import { eventually } from './eventually.ts'

/** Types of frames (RFC 9113 §6). */
export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4

export type Field = readonly [name: string, value: string]

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

/** What came on one stream. */
export interface FrameStream {
  /** Of each head, informational ones too. */
  readonly statuses: readonly number[]
  readonly body: string
  readonly ended: boolean
  /** Code of the reset; null: there was none. */
  readonly reset: number | null
}

/** One connection whose every frame the test decides. */
export interface FrameClient {
  readonly socket: TLSSocket
  readonly frames: readonly Frame[]
  send(...frames: readonly Buffer[]): void
  stream(id: number): FrameStream
  /** Waits until a stream was answered to its end or reset, or the connection is over. */
  over(id: number): Promise<FrameStream>
  /** Code of the last `GOAWAY`; null: none came. */
  goaway(): number | null
  closed(): boolean
}

export interface FrameClientOptions {
  readonly port: number
  /** Settings beside the defaults: identifier and value. @default none */
  readonly settings?: readonly (readonly [number, number])[]
  /** @default the preface of the protocol */
  readonly preface?: Buffer
}

const MAX_FRAME = 16_384

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Opens a connection and sends preface and settings. */
export async function openFrameClient(options: FrameClientOptions): Promise<FrameClient> {
  const { port, settings = [], preface = PREFACE } = options
  const socket = connect({
    port,
    host: '127.0.0.1',
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
  })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  const frames: Frame[] = []
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3)
      const payload = rest.subarray(9, end)
      frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        id: rest.readUInt32BE(5),
        payload,
      })
      rest = rest.subarray(end)
    }
  })
  const values = settings.map(([id, value]) => {
    const setting = Buffer.alloc(6)
    setting.writeUInt16BE(id)
    setting.writeUInt32BE(value, 2)
    return setting
  })
  socket.write(Buffer.concat([preface, frame(SETTINGS, 0, 0, Buffer.concat(values))]))

  const stream = (id: number): FrameStream => {
    const own = frames.filter((each) => each.id === id)
    const reset = own.find(({ type }) => type === RST_STREAM)
    const data = own.filter(({ type }) => type === DATA).map(({ payload }) => payload)
    return {
      statuses: own.filter(({ type }) => type === HEADERS).map(({ payload }) => statusOf(payload)),
      body: Buffer.concat(data).toString('latin1'),
      ended: own.some(({ type, flags }) => type <= HEADERS && (flags & END_STREAM) !== 0),
      reset: reset?.payload.readUInt32BE() ?? null,
    }
  }
  return {
    socket,
    frames,
    send: (...parts) => void socket.write(Buffer.concat(parts)),
    stream,
    async over(id) {
      await eventually(() => {
        const { ended, reset } = stream(id)
        return ended || reset !== null || socket.closed
      })
      return stream(id)
    },
    goaway: () => frames.findLast(({ type }) => type === GOAWAY)?.payload.readUInt32BE(4) ?? null,
    closed: () => socket.closed,
  }
}

export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}

/** The head of a request, in as many frames as it takes; unless told otherwise it is all of the request. */
export function headers(id: number, fields: readonly Field[], flags = END_STREAM): Buffer {
  const all = block(fields)
  const parts: Buffer[] = []
  for (let at = 0; at === 0 || at < all.length; at += MAX_FRAME) {
    const last = at + MAX_FRAME >= all.length ? END_HEADERS : 0
    const [type, own] = at === 0 ? [HEADERS, flags] : [CONTINUATION, 0]
    parts.push(frame(type, own | last, id, all.subarray(at, at + MAX_FRAME)))
  }
  return Buffer.concat(parts)
}

export function data(id: number, body: string, flags = END_STREAM): Buffer {
  return frame(DATA, flags, id, Buffer.from(body, 'latin1'))
}

export function reset(id: number, code = 8): Buffer {
  return frame(RST_STREAM, 0, id, uint32(code))
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header block of literals that are neither indexed nor compressed (RFC 7541 §6.2.2). */
export function block(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  )
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let left = bytes.length - 127
  for (; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) + 128)
  return Buffer.concat([Buffer.from([...length, left]), bytes])
}

/** Statuses in the static table (RFC 7541, appendix A), by index. */
const INDEXED: Readonly<Record<number, number>> = {
  8: 200,
  9: 204,
  10: 206,
  11: 304,
  12: 400,
  13: 404,
  14: 500,
}

/** The status of a response, which comes first. Literal ones are Huffman-coded or not; 0: neither. */
function statusOf(payload: Buffer): number {
  const first = payload.readUInt8()
  if (first >= 0x80) return INDEXED[first - 0x80] ?? 0
  const isLiteral = first === 0x08 || first === 0x18 || first === 0x48
  if (!isLiteral) return 0
  const length = payload.readUInt8(1)
  if (length < 0x80) return Number(payload.toString('latin1', 2, 2 + length))
  const bits = [...payload.subarray(2, 2 + length - 0x80)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  let status = ''
  // Digits in the code of RFC 7541, appendix B: 0, 1 and 2 take five bits, the others six.
  for (let at = 0; status.length < 3;) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2)
    status += five <= 2 ? five : Number.parseInt(bits.slice(at, at + 6), 2) - 22
    at += five <= 2 ? 5 : 6
  }
  return Number(status)
}
