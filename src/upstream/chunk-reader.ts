import type { ResponseHead } from './response-head.ts'

/** Longest chunk-size line with its extensions, in characters. */
const MAX_LINE = 256

/** How many bytes of extensions and trailers one response may have; they are read over. */
const MAX_OVERHEAD = 16 * 1024

/** RFC 9112 §7.1; old servers pad the size with spaces, which can be read in one way only. Beyond 2⁵² it is none. */
const SIZE_LINE =
  /^([0-9A-Fa-f]{1,13})[\t ]*((?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*)$/

/** A field, but none that frames a message: there it could only mislead (RFC 9110 §6.5.1). */
const TRAILER_LINE =
  /^(?!content-length:|transfer-encoding:)[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t\x20-\x7e\x80-\xff]*$/i

/** The end of a body that has no trailers. */
const LAST_CHUNK = '0\r\n\r\n'

const CR = 0x0d
const LF = 0x0a

/** Takes the parts of a body. */
export interface BodySink {
  /** @returns Whether anybody still wants the rest. */
  onBodyPart(part: Buffer): boolean
}

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done' | 'broken'

/**
 * Takes a body in chunks apart (RFC 9112 §7.1). Extensions and trailers are checked and dropped; a line that does not
 * end in CR LF, or that is longer than anybody needs, breaks it.
 */
export class ChunkReader {
  #state: State = 'size'
  #line = ''
  #left = 0
  #overhead = 0

  /**
   * Reads on.
   *
   * @returns Where in `bytes` the body ended; null: not yet, or nobody wants the rest; -1: this is no body in chunks.
   */
  read(bytes: Buffer, start: number, sink: BodySink): number | null {
    let at = start
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left)
        this.#left -= end - at
        if (this.#left === 0) this.#state = 'data-end'
        if (!sink.onBodyPart(bytes.subarray(at, end))) return null
        at = end
        continue
      }
      const next = this.#readLine(bytes, at)
      if (next === null) return this.#isBroken() ? -1 : null
      at = next
      this.#takeLine(this.#line)
      this.#line = ''
      if (this.#isBroken()) return -1
      if (this.#state === 'done') return at
    }
    return null
  }

  /** Collects a line; null: it has not ended yet, or it never will. */
  #readLine(bytes: Buffer, start: number): number | null {
    const feed = bytes.indexOf(LF, start)
    const end = feed === -1 ? bytes.length : feed + 1
    if (this.#line.length + end - start > MAX_LINE && this.#state !== 'trailers') {
      return this.#break()
    }
    if (this.#line.length + end - start > MAX_OVERHEAD) return this.#break()
    this.#line += bytes.toString('latin1', start, end)
    if (feed === -1) return null
    if (this.#line.charCodeAt(this.#line.length - 2) !== CR) return this.#break()
    this.#line = this.#line.slice(0, -2)
    return end
  }

  #takeLine(line: string): void {
    if (this.#state === 'data-end') {
      if (line === '') this.#state = 'size'
      else this.#break()
    } else if (this.#state === 'size') {
      const [, size, extension = ''] = SIZE_LINE.exec(line) ?? []
      if (size === undefined || this.#isExcess(extension.length)) return void this.#break()
      this.#left = Number.parseInt(size, 16)
      this.#state = this.#left === 0 ? 'trailers' : 'data'
    } else if (line === '') {
      this.#state = 'done'
    } else if (!TRAILER_LINE.test(line) || this.#isExcess(line.length)) {
      this.#break()
    }
  }

  #isExcess(length: number): boolean {
    this.#overhead += length
    return this.#overhead > MAX_OVERHEAD
  }

  #isBroken(): boolean {
    return this.#state === 'broken'
  }

  #break(): null {
    this.#state = 'broken'
    return null
  }
}

/**
 * The body of a response, as latin-1 text of its bytes, where it has come to its end together with its head; null where
 * it has not, or where something came after it.
 *
 * @param framing Its length, or what marks its end.
 * @param rest What came after the head, as latin-1 text.
 */
export function wholeBody(framing: ResponseHead['body'], rest: string): string | null {
  if (typeof framing === 'number') return rest.length === framing ? rest : null
  // Anything more elaborate, say trailers, is read piece by piece.
  if (framing !== 'chunked' || !rest.endsWith(LAST_CHUNK)) return null
  const bytes = Buffer.from(rest, 'latin1')
  let whole = ''
  const onBodyPart = (part: Buffer): boolean => {
    whole += part.toString('latin1')
    return true
  }
  return new ChunkReader().read(bytes, 0, { onBodyPart }) === bytes.length ? whole : null
}
