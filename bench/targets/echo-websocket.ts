import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const FIN = 0x80
const CLOSE = 0x8

/**
 * Accepts a WebSocket, and sends every message back, the last one too: a close frame. Knows whole, masked messages
 * of less than 64 KiB only.
 */
export function echoWebSocket({ headers }: IncomingMessage, socket: Duplex, first: Buffer): void {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`)
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  )
  let pending: Buffer = first
  const echo = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk])
    for (let frame = takeFrame(pending); frame !== null; frame = takeFrame(pending)) {
      pending = pending.subarray(frame.bytes)
      socket.write(Buffer.concat([headOf(frame.opcode, frame.payload.length), frame.payload]))
      if (frame.opcode === CLOSE) socket.end()
    }
  }
  socket.on('data', echo).on('error', () => socket.destroy())
  echo(Buffer.alloc(0))
}

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  /** Of the whole frame. */
  readonly bytes: number
}

/** The first frame (RFC 6455 §5.2); null: it is not complete yet. */
function takeFrame(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null
  const short = bytes.readUInt8(1) & 0x7f
  const maskAt = short === 126 ? 4 : 2
  const payloadAt = maskAt + 4
  if (bytes.length < payloadAt) return null
  const length = short === 126 ? bytes.readUInt16BE(2) : short
  if (bytes.length < payloadAt + length) return null
  const mask = bytes.subarray(maskAt, payloadAt)
  const payload = bytes
    .subarray(payloadAt, payloadAt + length)
    .map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  const opcode = bytes.readUInt8(0) & 0x0f
  return { opcode, payload: Buffer.from(payload), bytes: payloadAt + length }
}

function headOf(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.of(FIN | opcode, length)
  return Buffer.of(FIN | opcode, 126, length >> 8, length & 0xff)
}
