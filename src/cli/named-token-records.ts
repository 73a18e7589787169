import type { NamedToken } from '../onezone/index.ts'
import { isOnezoneError } from '../onezone/index.ts'
import type { TokenId } from '../token/index.ts'
import type { OnezoneAccess } from './onezone-access.ts'
import { startProgress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** Records that are asked for at the same time. */
const AT_ONCE = 8

/** The records of tokens in the order of their names, without those that are gone by now. */
export async function readRecords(
  { client }: Pick<OnezoneAccess, 'client'>,
  ids: readonly TokenId[],
  terminal: Pick<Terminal, 'report'>,
): Promise<NamedToken[]> {
  const progress = startProgress(terminal, 'reading tokens', ids.length)
  const waiting = ids.values()
  const records: NamedToken[] = []
  let done = 0
  const read = async (): Promise<void> => {
    for (const id of waiting) {
      try {
        records.push(await client.getNamedToken(id))
      } catch (error) {
        if (!isOnezoneError(error, 'notFound')) throw error
      }
      progress.done(++done)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, read))
  } finally {
    progress.end()
  }
  return records.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The moment, in unix seconds, at which a named token ends; null: never. */
export function endOf({ caveats }: Pick<NamedToken, 'caveats'>): number | null {
  const ends = caveats.flatMap((caveat) => (caveat.type === 'time' ? [caveat.validUntil] : []))
  return ends.length === 0 ? null : Math.min(...ends)
}

/** What a named token is good for. */
export type TokenState = 'good' | 'revoked' | 'expired'

/** What a named token is good for now. One that is revoked may be restored, so that is said first. */
export function stateOf(
  record: Pick<NamedToken, 'caveats' | 'revoked'>,
  nowMs: number,
): TokenState {
  if (record.revoked) return 'revoked'
  const end = endOf(record)
  return end !== null && end * 1000 <= nowMs ? 'expired' : 'good'
}
