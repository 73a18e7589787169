import { OnezoneFaultError } from '../errors.ts'
import type { Peer } from '../http-client/index.ts'
import { parseBaseUrl } from '../http-client/index.ts'

/** Onezone, as errors speak of it. */
export const ONEZONE: Peer = {
  name: 'Onezone',
  example: 'https://onezone.example.org',
  fault: (reason, message, options) =>
    new OnezoneFaultError(`ERR_ONEZONE_${reason}`, message, options),
}

/**
 * Reads the base URL of Onezone: scheme, host and port.
 *
 * @returns The origin.
 * @throws {TypeError} for anything else; the text is not repeated, since it may contain credentials.
 */
export function parseOnezoneUrl(text: string): string {
  return parseBaseUrl(text, ONEZONE)
}
