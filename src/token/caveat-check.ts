import type { Caveat } from './caveat.ts'
import { caveatRow } from './caveat-table.ts'
import type { ContextField, LocalContext } from './caveat-table.ts'
import type { PresentedToken } from './presented-token.ts'

/**
 * Whether a caveat holds, judged as Onezone would; `remote` where only Onezone can say. Means something for tokens that
 * Onezone has verified before, as what they may be used as, and for nothing else. `api` caveats always hold: whoever
 * acts on the identity enforces them.
 */
export function caveatHolds(caveat: Caveat, context: LocalContext): boolean | 'remote' {
  if (caveat.type === 'unknown') return 'remote'
  return caveatRow(caveat)?.holds?.(caveat, context) ?? 'remote'
}

/** What the verdict about a token depends on besides its octets: the union over its caveats and its type. */
export function contextFieldsOf(token: PresentedToken): ReadonlySet<ContextField> {
  const fields = new Set<ContextField>()
  for (const caveat of token.caveats) {
    for (const field of fieldsReadBy(caveat)) fields.add(field)
  }
  if ('accessToken' in token.type && token.type.accessToken.sessionId !== undefined) {
    fields.add('session')
  }
  return fields
}

/** Whether the verdict about a token depends on who consumes it. */
export function readsConsumer(token: PresentedToken): boolean {
  const fields = contextFieldsOf(token)
  return fields.has('consumer') || fields.has('everything')
}

/** What the verdict about a single caveat depends on. */
export function fieldsReadBy(caveat: Caveat): readonly ContextField[] {
  return caveatRow(caveat)?.reads ?? UNKNOWN_READS
}

const UNKNOWN_READS: readonly ContextField[] = ['everything']
