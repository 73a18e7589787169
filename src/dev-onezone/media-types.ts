import type { Reply } from './reply.ts'
import { emptyReply } from './reply.ts'

const JSON_TYPE = 'application/json'

const TOKEN = "[\\w!#$%&'*+.^`|~-]+"
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"'
const PARAMETER = `[ \\t]*;[ \\t]*(?:charset=(?:${TOKEN})?(?![^ \\t;,])|${TOKEN}=(?:${TOKEN}|${QUOTED}))`
const WEIGHT = '[ \\t]*;[ \\t]*q=(?:1(?:\\.0{0,3})?|0(?:\\.[0-9]{0,3})?|\\.[0-9]{1,3})'
const EXTENSION = `[ \\t]*;[ \\t]*${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?`
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:${PARAMETER})*[ \\t]*$`)
/** One element of an `Accept` list: type, parameters, whatever follows the weight. A lone `*` needs a parameter. */
const RANGE = new RegExp(
  `[ \\t,]*(${TOKEN}/${TOKEN}|\\*(?=;))((?:(?![ \\t]*;[ \\t]*q=)${PARAMETER})*)(${WEIGHT}(?:${EXTENSION})*)?[ \\t]*(?:,|$)`,
  'y',
)
const ONLY_SEPARATORS = /^[ \t,]*$/

/** Refuses a request whose `Accept` does not admit plain JSON; quality values do not count (Onezone API, §8, §16). */
export function refuseAccept(accept: string | undefined): Reply | null {
  if (accept === undefined) return null
  const ranges = rangesIn(accept)
  if (ranges === null) return emptyReply(400)
  const admitted = ranges.some(
    (range) => range === JSON_TYPE || range === 'application/*' || range === '*/*' || range === '*',
  )
  return admitted ? null : emptyReply(406)
}

/**
 * Refuses a body that is not declared as exactly `application/json`, and an unreadable type even without a body.
 */
export function refuseContentType(contentType: string | undefined, hasBody: boolean): Reply | null {
  if (hasBody) return contentType?.toLowerCase() === JSON_TYPE ? null : emptyReply(415)
  const readable = contentType === undefined || MEDIA_TYPE.test(contentType)
  return readable ? null : emptyReply(415)
}

/** The ranges without their weights, parameters included, in lower case; null if the header is none. */
function rangesIn(accept: string): string[] | null {
  const ranges: string[] = []
  let at = 0
  while (!ONLY_SEPARATORS.test(accept.slice(at))) {
    RANGE.lastIndex = at
    const found = RANGE.exec(accept)
    if (found === null) return null
    ranges.push(`${found[1]}${found[2]}`.toLowerCase())
    at = RANGE.lastIndex
  }
  return ranges
}
