import type { Reply } from './reply.ts'
import { emptyReply } from './reply.ts'

const JSON_TYPE = 'application/json'
const TOKEN = "[\\w!#$%&'*+.^`|~-]+"
const MEDIA_RANGE = new RegExp(`^${TOKEN}/${TOKEN}$`)

/** Refuses a request whose `Accept` does not admit plain JSON; quality values do not count (Onezone API, §8, §16). */
export function refuseAccept(accept: string | undefined): Reply | null {
  if (accept === undefined) return null
  if (accept === '') return emptyReply(406)
  const ranges = accept.split(',').map(parseRange)
  if (ranges.includes(null)) return emptyReply(400)
  const admitted = ranges.some(
    (range) => range === JSON_TYPE || range === 'application/*' || range === '*/*',
  )
  return admitted ? null : emptyReply(406)
}

/** Refuses a body that is not declared as exactly `application/json`, and an unreadable type even without a body. */
export function refuseContentType(contentType: string | undefined, hasBody: boolean): Reply | null {
  const type = contentType?.toLowerCase()
  if (hasBody) return type === JSON_TYPE ? null : emptyReply(415)
  const readable = type === undefined || MEDIA_RANGE.test(type.split(';')[0]?.trim() ?? '')
  return readable ? null : emptyReply(415)
}

/** The range without its weight, parameters included; null if it is none. */
function parseRange(text: string): string | null {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  if (!MEDIA_RANGE.test(range)) return null
  const weight = parameters.findIndex((parameter) => parameter.startsWith('q='))
  const own = weight === -1 ? parameters : parameters.slice(0, weight)
  return [range, ...own].join(';')
}
