import type { HeaderLookup } from './caller.ts'
import type { Reply } from './reply.ts'
import { emptyReply } from './reply.ts'

/**
 * Refuses a request that may only be carried out for a certain state of the resource (RFC 9110, §13.1): the original
 * knows no entity tags, so that none ever matches, while `*` always does.
 */
export function refusePreconditions(header: HeaderLookup, method: string): Reply | null {
  const ifMatch = header('if-match')
  if (ifMatch !== undefined && ifMatch !== '*') return emptyReply(isTagList(ifMatch) ? 412 : 400)
  const ifNoneMatch = header('if-none-match')
  if (ifNoneMatch === undefined) return null
  if (ifNoneMatch === '*') return emptyReply(method === 'GET' ? 304 : 412)
  return emptyReply(isTagList(ifNoneMatch) ? 412 : 400)
}

const TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"'
const TAG_LIST = new RegExp(`^[ \\t,]*${TAG}(?:[ \\t]*,[ \\t,]*${TAG})*[ \\t]*(?:,[ \\t,]*)?$`)

function isTagList(text: string): boolean {
  return TAG_LIST.test(text)
}
