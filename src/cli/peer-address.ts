import { isIP } from 'node:net'

import type { Arguments } from './arguments.ts'
import { UsageError } from './failure.ts'

/** The value of `--peer-ip`, of either family. Throws a `UsageError` for what is no address. */
export function readIpAddress(args: Arguments): string | undefined {
  const text = args.text('peer-ip')
  if (text !== undefined && isIP(text) === 0) {
    throw new UsageError('--peer-ip must be an IP address, e.g. 192.0.2.1')
  }
  return text
}
