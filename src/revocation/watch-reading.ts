import { OnezoneApiError, OnezoneFaultError } from '../errors.ts'
import type { CallOptions, OnezoneClient } from '../onezone/index.ts'
import { providerId, tokenId, userId, type FamilyRef, type Subject } from '../token/index.ts'

/** What the watch asks Onezone. */
export type WatchClient = Pick<
  OnezoneClient,
  | 'getTemporaryTokenGenerationOfUser'
  | 'getTemporaryTokenGenerationOfProvider'
  | 'getNamedTokenStatus'
>

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
  const options = { credentials: { token } }
  try {
    if (ref.kind === 'named') {
      const { revoked } = await client.getNamedTokenStatus(tokenId(ref.tokenId), options)
      return { outcome: 'ok', revoked }
    }
    const { generation } = await readGeneration(client, ref.subject, options)
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

async function readGeneration(
  client: WatchClient,
  { type, id }: Subject,
  options: CallOptions,
): Promise<{ generation: number }> {
  if (id !== null && type === 'user') {
    return client.getTemporaryTokenGenerationOfUser(userId(id), options)
  }
  if (id !== null && type === 'oneprovider') {
    return client.getTemporaryTokenGenerationOfProvider(providerId(id), options)
  }
  throw new TypeError('A family of temporary tokens belongs to a user or a Oneprovider.')
}
