import { ChunkReader } from './chunk-reader.ts'
import type { ResponseHead } from './response-head.ts'

const LAST_CHUNK = '0\r\n\r\n'

/**
 * The body of a response, as latin-1 text of its bytes, where it has come to its end together with its head; null where it
 * has not, or where something came after it.
 *
 * @param rest What came after the head, as latin-1 text.
 */
export function wholeBody({ body }: ResponseHead, rest: string): string | null {
  if (typeof body === 'number') return rest.length === body ? rest : null
  // Anything more elaborate, say trailers, is read piece by piece.
  if (body !== 'chunked' || !rest.endsWith(LAST_CHUNK)) return null
  const bytes = Buffer.from(rest, 'latin1')
  let whole = ''
  const onBodyPart = (part: Buffer): boolean => {
    whole += part.toString('latin1')
    return true
  }
  return new ChunkReader().read(bytes, 0, { onBodyPart }) === bytes.length ? whole : null
}
