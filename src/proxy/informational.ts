import type { Outgoing } from '../listener/index.ts'

/** Between links of one field; a comma within a URL is not followed by `<`. */
const NEXT_LINK = /,\s*(?=<)/

/**
 * A link that Node takes for one, in a pattern that has one way to match: Node's own tries 2^n ways for n parameters
 * before it gives up on what comes after them.
 */
const LINK = /^<[^>]*>(?:\s*;\s*[^;"\s=]+(?:=(?:"[^;"\s]*"|[^;"\s]*))?)*$/

const MAX_LINK_LENGTH = 1024
const MAX_LINKS = 32

/**
 * Passes an informational response on (RFC 9110 §15.2), as far as Node can send one: `102` as it is, and of `103` the
 * links (RFC 8297) that Node takes for links. Whatever else the upstream says before its answer is left out.
 *
 * @param fields Name, value, name, value …
 */
export function writeInformation(
  outgoing: Outgoing,
  status: number,
  fields: readonly string[],
): void {
  if (status === 102) outgoing.writeProcessing()
  if (status !== 103) return
  const links = fields
    .flatMap((name, i) =>
      i % 2 === 0 && name.toLowerCase() === 'link' ? (fields[i + 1] ?? '').split(NEXT_LINK) : [],
    )
    .filter((link) => link.length <= MAX_LINK_LENGTH && LINK.test(link))
    .slice(0, MAX_LINKS)
  if (links.length === 0) return
  try {
    outgoing.writeEarlyHints({ link: links })
  } catch {
    // A hint that cannot be passed on is not worth an answer that can.
  }
}
