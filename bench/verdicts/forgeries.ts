import { randomUUID } from 'node:crypto'

import { mintToken } from '../../src/token/index.ts'
import type { PlannedRequest } from './good-users.ts'
import { addressOf, from } from './rig.ts'

const ONE_HOUR_SECONDS = 3_600

/** The first address of those who do no good: none of the good users has it. */
const FIRST_ADDRESS = 1 << 22

/**
 * Requests with tokens that only their signature betrays, no two alike: each claims to be of one of the good users, and of
 * a generation that has not begun.
 */
export function forge(count: number, addresses: number, victims: number): PlannedRequest[] {
  const validUntil = Math.floor(Date.now() / 1000) + ONE_HOUR_SECONDS
  return Array.from({ length: count }, (_, index) => {
    const token = mintToken({
      onezoneDomain: 'onezone.example.org',
      secret: 'not the secret of anybody',
      id: randomUUID().replaceAll('-', ''),
      generation: 2 + (index % 1_000),
      subject: { type: 'user', id: `user${index % victims}` },
      caveats: [{ type: 'time', validUntil }],
    })
    return {
      path: '/flood/files/1',
      headers: from(addressOf(FIRST_ADDRESS + (index % addresses)), token),
    }
  })
}

/** The same requests with no token. */
export function withoutTokens(): PlannedRequest[] {
  return [{ path: '/flood/files/1', headers: from(addressOf(FIRST_ADDRESS)) }]
}
