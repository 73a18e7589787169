import type { RequestTrace } from '../proxy/index.ts'
import type { Subject } from '../token/index.ts'

/** Whose a request was. */
export interface Who {
  /** `user:ID` or `oneprovider:ID`. Where the request was refused, only the token says so. */
  readonly subject: string | null
  readonly fingerprint: string | null
  /** Address of the client. */
  readonly client: string | null
}

/** Finds out whose a request was, as far as it was decided. */
export function whoOf({ decision, remoteAddress }: RequestTrace): Who {
  const client = decision?.client?.address ?? remoteAddress ?? null
  if (decision?.outcome === 'granted') {
    const { identity } = decision
    return {
      subject: nameOf(identity?.subject),
      fingerprint: identity?.token.fingerprint ?? null,
      client,
    }
  }
  const presented = decision?.presented
  return {
    subject: nameOf(presented?.subject),
    fingerprint: presented?.fingerprint ?? null,
    client,
  }
}

function nameOf(subject: Subject | undefined): string | null {
  if (subject === undefined || subject.type === 'nobody') return null
  return `${subject.type}:${subject.id}`
}
