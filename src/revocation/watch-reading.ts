import { OnezoneApiError, OnezoneFaultError } from '../errors.ts'
import type { OnezoneClient, VerifiedSubject } from '../onezone/index.ts'
import type { FamilyRef, Subject } from '../token/index.ts'

/** What the watch asks Onezone. */
export type WatchClient = Pick<OnezoneClient, 'getTemporaryTokenGeneration' | 'getNamedTokenStatus'>

/**
 * What became of one reading: `ok`; `forbidden`: the watch token may not read this (403); `missing`: there is no such
 * thing (404); `unauthorized`: the watch token itself is no good (401); `fault`: no usable answer.
 */
export type WatchOutcome = 'ok' | 'forbidden' | 'missing' | 'unauthorized' | 'fault'

/** One reading, and what it told. */
export type WatchReading =
  | { readonly outcome: 'ok'; readonly generation: number }
  | { readonly outcome: 'ok'; readonly revoked: boolean }
  | { readonly outcome: 'forbidden' | 'missing' | 'unauthorized' }
  | { readonly outcome: 'fault'; readonly error: unknown }

const REFUSALS: Readonly<Record<number, 'forbidden' | 'unauthorized'>> = {
  401: 'unauthorized',
  403: 'forbidden',
}

/** Reads the generation of a temporary family's subject, or the status of a named token. Never rejects. */
export async function readFamily(
  client: WatchClient,
  token: string,
  ref: FamilyRef,
): Promise<WatchReading> {
  try {
    if (ref.kind === 'named') {
      const { revoked } = await client.getNamedTokenStatus(ref.tokenId, { token })
      return { outcome: 'ok', revoked }
    }
    const subject = verifiedSubject(ref.subject)
    const { generation } = await client.getTemporaryTokenGeneration(subject, { token })
    return { outcome: 'ok', generation }
  } catch (error) {
    if (!(error instanceof OnezoneApiError)) return { outcome: 'fault', error }
    const { status, id } = error
    // Only Onezone's own word for it: any other 404 may come from something in between.
    if (status === 404 && id === 'notFound') return { outcome: 'missing' }
    const outcome = REFUSALS[status]
    return outcome === undefined ? { outcome: 'fault', error } : { outcome }
  }
}

/** How long Onezone wants to be left alone after a fault, in milliseconds; 0: it did not say. */
export function retryAfterMsOf(error: unknown): number {
  return error instanceof OnezoneFaultError ? (error.retryAfterSeconds ?? 0) * 1000 : 0
}

function verifiedSubject({ type, id }: Subject): VerifiedSubject {
  if ((type !== 'user' && type !== 'oneprovider') || id === null) {
    throw new TypeError('A family of temporary tokens belongs to a user or a Oneprovider.')
  }
  return { type, id }
}
