/**
 * As much of the wire format of Protocol Buffers as the messages here need (protobuf.dev, "Encoding"): varints and
 * length-delimited fields. Fields that are not asked for are skipped, and what ends too early is no message.
 *
 * @module
 */

/** What the bytes of a message say, by the numbers of its fields, in their order. */
export interface Message {
  /** The last value of a varint field; 0 where there is none. */
  number(field: number): number
  /** All values of a length-delimited field. */
  all(field: number): readonly Buffer[]
  /** The last one as text, bytes that are no UTF-8 replaced; empty where there is none. */
  text(field: number): string
  /** The last one as a message; an empty message where there is none. */
  message(field: number): Message
}

/** Bytes that are no message. */
export class MalformedMessage extends Error {}

const FIXED_LENGTHS = { 1: 8, 5: 4 } as const

/** Reads a message. @throws {MalformedMessage} for bytes that are none. */
export function readMessage(bytes: Buffer): Message {
  const numbers = new Map<number, number>()
  const values = new Map<number, Buffer[]>()
  let at = 0

  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw new MalformedMessage('a number ends too early')
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new MalformedMessage('a number is too long')
  }
  const skip = (length: number): Buffer => {
    if (length > bytes.length - at) throw new MalformedMessage('a field ends too early')
    at += length
    return bytes.subarray(at - length, at)
  }

  while (at < bytes.length) {
    const tag = varint()
    const [field, type] = [Math.floor(tag / 8), tag % 8]
    if (field === 0) throw new MalformedMessage('a field has no number')
    if (type === 0) {
      numbers.set(field, varint())
    } else if (type === 2) {
      const value = skip(varint())
      const known = values.get(field)
      if (known === undefined) values.set(field, [value])
      else known.push(value)
    } else if (type === 1 || type === 5) {
      skip(FIXED_LENGTHS[type])
    } else {
      throw new MalformedMessage('a field is of a type that nothing here has')
    }
  }
  const last = (field: number): Buffer => values.get(field)?.at(-1) ?? EMPTY
  return {
    number: (field) => numbers.get(field) ?? 0,
    all: (field) => values.get(field) ?? [],
    text: (field) => last(field).toString('utf8'),
    message: (field) => readMessage(last(field)),
  }
}

const EMPTY = Buffer.alloc(0)

/** Writes a varint field. */
export function numberField(field: number, value: number): Buffer {
  return Buffer.from([...varintOf(field * 8), ...varintOf(value)])
}

/** Writes a length-delimited field: a text, or a message of such fields. */
export function field(number: number, content: string | readonly Buffer[]): Buffer {
  const body = typeof content === 'string' ? Buffer.from(content) : Buffer.concat([...content])
  return Buffer.concat([Buffer.from([...varintOf(number * 8 + 2), ...varintOf(body.length)]), body])
}

function varintOf(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}
