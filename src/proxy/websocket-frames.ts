import { randomBytes } from 'node:crypto'

/**
 * Follows the frames of one direction of a WebSocket by their heads alone (RFC 6455 §5.2). Nothing is kept, unmasked or
 * judged: it only knows where a frame ends, which is the one place where another can be put in.
 */
export interface FrameReader {
  /** Whether the last byte that was read is the last one of a frame, or none was read. */
  readonly atBoundary: boolean
  /** Whether a close frame has begun: nobody may send anything after it. */
  readonly sawClose: boolean
  /** Reads on. */
  read(chunk: Uint8Array): void
  /** Reads on to the end of the frame that has begun, and says how many bytes of the chunk belong to it. */
  readFrame(chunk: Uint8Array): number
}

const CLOSE = 0x8
const FIN = 0x80
const MASK = 0x80
const LONGEST_HEAD = 14

/** Starts before the first frame. */
export function createFrameReader(): FrameReader {
  const head = Buffer.alloc(LONGEST_HEAD)
  let known = 0
  /** Payload that is yet to come; Infinity: more than anybody can count. */
  let rest = 0
  let sawClose = false

  const atBoundary = (): boolean => known === 0 && rest === 0

  function readHead(byte: number): void {
    head[known++] = byte
    if (known < 2 || known < headLengthOf(head)) return
    rest = payloadLengthOf(head)
    known = 0
    if (opcodeOf(head) === CLOSE) sawClose = true
  }

  function advance(chunk: Uint8Array, oneFrame: boolean): number {
    let at = 0
    while (at < chunk.length) {
      if (rest > 0) {
        const part = Math.min(rest, chunk.length - at)
        rest -= part
        at += part
      } else {
        readHead(chunk[at++] ?? 0)
      }
      if (oneFrame && atBoundary()) break
    }
    return at
  }

  return {
    get atBoundary() {
      return atBoundary()
    },
    get sawClose() {
      return sawClose
    },
    read: (chunk) => void advance(chunk, false),
    readFrame: (chunk) => (atBoundary() ? 0 : advance(chunk, true)),
  }
}

/** Whom a close frame is for: what goes to a server is masked (RFC 6455 §5.3). */
export type FrameReceiver = 'client' | 'server'

/**
 * Makes a close frame.
 *
 * @param code Status code (RFC 6455 §7.4.1).
 * @param reason At most 123 bytes.
 */
export function closeFrame(code: number, reason: string, receiver: FrameReceiver): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  const head = Buffer.of(FIN | CLOSE, payload.length)
  if (receiver === 'client') return Buffer.concat([head, payload])
  const mask = randomBytes(4)
  head[1] = MASK | payload.length
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Buffer.concat([head, mask, masked])
}

function opcodeOf(head: Buffer): number {
  return (head[0] ?? 0) & 0x0f
}

function headLengthOf(head: Buffer): number {
  const second = head[1] ?? 0
  const short = second & 0x7f
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & MASK ? 4 : 0)
}

function payloadLengthOf(head: Buffer): number {
  const short = (head[1] ?? 0) & 0x7f
  if (short === 126) return head.readUInt16BE(2)
  if (short < 126) return short
  const length = head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6)
  return Number.isSafeInteger(length) ? length : Infinity
}
