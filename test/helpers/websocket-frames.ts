import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** One frame as it went over the wire. */
export interface Frame {
  readonly opcode: number
  readonly masked: boolean
  readonly payload: Buffer
}

export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8

/** The head of the 101 to a handshake (RFC 6455 §1.3). */
export function switchingHead({ headers }: IncomingMessage): string {
  const accept = createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

export function encodeFrame(opcode: number, payload: string | Buffer, masked: boolean): Buffer {
  const data = Buffer.from(payload)
  const mask = masked ? randomBytes(4) : Buffer.alloc(0)
  const flag = masked ? 0x80 : 0
  let head: Buffer
  if (data.length < 126) {
    head = Buffer.of(0x80 | opcode, flag | data.length)
  } else if (data.length < 65_536) {
    head = Buffer.of(0x80 | opcode, flag | 126, data.length >> 8, data.length & 0xff)
  } else {
    head = Buffer.alloc(10)
    head[0] = 0x80 | opcode
    head[1] = flag | 127
    head.writeBigUInt64BE(BigInt(data.length), 2)
  }
  const body = masked ? data.map((byte, i) => byte ^ mask[i % 4]!) : data
  return Buffer.concat([head, mask, body])
}

/** Takes the first frame off a buffer; null while it is not complete. */
export function decodeFrame(buffer: Buffer): { frame: Frame; size: number } | null {
  if (buffer.length < 2) return null
  const masked = (buffer[1]! & 0x80) !== 0
  const short = buffer[1]! & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const headLength = 2 + lengthBytes + (masked ? 4 : 0)
  if (buffer.length < headLength) return null
  const length =
    lengthBytes === 2
      ? buffer.readUInt16BE(2)
      : lengthBytes === 8
        ? Number(buffer.readBigUInt64BE(2))
        : short
  const size = headLength + length
  if (buffer.length < size) return null
  const mask = buffer.subarray(headLength - 4, headLength)
  const data = buffer.subarray(headLength, size)
  const payload = Buffer.from(masked ? data.map((byte, i) => byte ^ mask[i % 4]!) : data)
  return { frame: { opcode: buffer[0]! & 0x0f, masked, payload }, size }
}
