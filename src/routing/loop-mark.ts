import { randomBytes } from 'node:crypto'

/**
 * What each forwarded request says in `CDN-Loop` (RFC 8586), so that one that comes back is known: a route may lead to
 * the gateway itself. Not `Via`, for which nginx turns compression off. Each process has its own.
 */
export const LOOP_MARK: string = `onegate; id=${randomBytes(8).toString('hex')}`

/** Whether a `CDN-Loop` field says that a request has been here. */
export function hasBeenHere(value: string): boolean {
  return value.includes(LOOP_MARK)
}
