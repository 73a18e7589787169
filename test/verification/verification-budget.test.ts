import { expect, test } from 'vitest'

import { VerificationBudgetError } from '../../src/errors.ts'
import { createVerificationBudget } from '../../src/verification/verification-budget.ts'
import { parseToken } from '../../src/token/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { mint } from '../helpers/tokens.ts'

/** Takes from a budget that has ten of each address, until it has no more; says how many it gave. */
function spendBy(addresses: readonly string[]): number {
  const budget = createVerificationBudget({ perAddressPerSecond: 1 }, createFakeClock())
  const token = parseToken(mint())
  let spent = 0
  for (let round = 0; round < 20; round++) {
    for (const clientAddress of addresses) {
      try {
        budget.charge({
          token,
          clientAddress,
          kind: 'access',
          peerIp: null,
          interface: 'rest',
          consumerToken: null,
          allowDataAccessCaveats: false,
          inviteType: null,
        })
        spent++
      } catch (error) {
        expect(error).toBeInstanceOf(VerificationBudgetError)
      }
    }
  }
  return spent
}

test('F5 the addresses of one /64 of IPv6 have one budget, however they are written', () => {
  expect(spendBy(['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:0:5:6:7:8'])).toBe(10)
  expect(spendBy(['::1', '::2'])).toBe(10)
})

test('other networks, and addresses of IPv4, have each their own', () => {
  expect(spendBy(['2001:db8::1', '2001:db8:0:1::1', '2001:db8:1::1'])).toBe(30)
  expect(spendBy(['192.0.2.1', '192.0.2.2'])).toBe(20)
})
