import type { Answer } from './answers.ts'
import { Refusal } from './answers.ts'
import { mintNamedToken } from './issuing.ts'
import type { NamedTokenRecord } from './records.ts'
import type { OnezoneState } from './state.ts'

/** Everything about a stored token, the token itself included, whether or not it is revoked (Onezone API, §7.7). */
export function describeNamedToken(
  state: OnezoneState,
  record: NamedTokenRecord,
): Answer | Refusal {
  const token = mintNamedToken(state, record)
  if (token instanceof Refusal) return token
  const { id, name, subject, type, caveats, revoked } = record
  return {
    status: 200,
    body: { id, name, subject, type, caveats, metadata: metadataOf(record), revoked, token },
  }
}

function metadataOf(record: NamedTokenRecord): Record<string, unknown> {
  const { type, creationTime, customMetadata, usageLimit, usageCount, privileges } = record
  const common = { creationTime, custom: customMetadata }
  return 'inviteToken' in type ? { ...common, usageLimit, usageCount, privileges } : common
}
