import type { NamedToken } from '../onezone/index.ts'
import type { KnownCaveat } from '../token/index.ts'
import { describeCaveat, describeSubject } from './caveat-words.ts'
import { momentAndDistance } from './moment.ts'
import { describeType } from './token-words.ts'

/** A named token in words, one row per fact; the token itself is not among them. */
export function describeNamedToken(record: NamedToken, nowMs: number): string[][] {
  const { id, name, subject, type, metadata, revoked } = record
  const { creationTime, usageLimit, usageCount, privileges, custom } = metadata
  const caveats = record.caveats.map((caveat) => wordsFor(caveat, nowMs))
  const rows = [
    ['id', id],
    ['name', name],
    ['subject', describeSubject(subject)],
    ['kind', describeType(type)],
    ['revoked', revoked ? 'yes' : 'no'],
    ['created', momentAndDistance(creationTime, nowMs)],
  ]
  if (usageLimit !== undefined) {
    rows.push([
      'used',
      `${usageCount ?? 0} of ${usageLimit === 'infinity' ? 'any number' : usageLimit} times`,
    ])
  }
  if (privileges !== undefined && privileges !== null)
    rows.push(['privileges', privileges.join(', ')])
  if (Object.keys(custom).length > 0) rows.push(['metadata', JSON.stringify(custom)])
  for (const [at, text] of (caveats.length === 0 ? ['none'] : caveats).entries()) {
    rows.push([at === 0 ? 'caveats' : '', text])
  }
  return rows
}

/** What is known of a named token, without the token itself. */
export function withoutToken(record: NamedToken): Omit<NamedToken, 'token'> {
  const { token: _, ...rest } = record
  return rest
}

function wordsFor(caveat: KnownCaveat, nowMs: number): string {
  // A newer Onezone may know kinds for which there are no words here.
  const words: string | undefined = describeCaveat(caveat, nowMs)
  return words ?? JSON.stringify(caveat)
}
