import { strict as assert } from 'node:assert'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { Scenario } from '../suite.ts'
import {
  ALICE,
  assertGuards,
  assertSmallAnswer,
  bearing,
  echo,
  FORGED,
  sendCrowd,
} from './checks.ts'
import type { LoadShape } from './rows.ts'
import { ROW, underLoad, USUAL_LOAD } from './rows.ts'
import type { Gateway } from './stage.ts'

/** The default, and what the configuration of the bench leaves it at. */
const MAX_STALENESS_MS = 10_000

/** A grant may be asked for anew before it is too old, but not sooner than after this part of the time. */
const EARLIEST_REFRESH = 0.5

/** How long Onezone takes to answer in the row of misses. */
export const SLOW_MS = 20

/** Every so many requests one is a miss. */
const MISS_EVERY = 100

/** How far the number of calls may be from that of misses: requests of the last moment are counted by one side only. */
const MISS_TOLERANCE = 0.05

/**
 * The gateway without authentication: a public route. It is sent the same requests, token and all, so that what differs
 * is authentication, and not the size of a request.
 */
export function openRow(name: string, { product, pid, url, onezone }: Gateway): Scenario {
  const token = minter(onezone)()
  return {
    name,
    async check() {
      const before = onezone.calls().verifyAccessToken
      await assertSmallAnswer(`${url}/public/files/1`)
      const seen = await echo(`${url}/public/echo`, { ...bearing(token), ...FORGED })
      assert.equal(seen['x-onedata-subject-id'], '', 'a forged identity reached the upstream')
      const calls = onezone.calls().verifyAccessToken - before
      assert.equal(calls, 0, 'a public route asked Onezone')
    },
    ...underLoad({ product, pid, url: `${url}/public/files/1`, headers: bearing(token) }),
  }
}

/** One token that is used over and over. */
export function hitRow(
  name: string,
  { product, pid, url, onezone }: Gateway,
  shape: LoadShape = USUAL_LOAD,
): Scenario {
  const mint = minter(onezone)
  const token = mint()
  const verifyCalls = (): number => onezone.calls().verifyAccessToken
  let callsBefore = 0
  let firstUse = 0
  let summary = ''
  return {
    name: name + shape.title,
    async check() {
      await assertGuards(url, mint())
      callsBefore = verifyCalls()
      firstUse = performance.now()
      await sendCrowd(`${url}/files/1`, token)
      assert.equal(verifyCalls() - callsBefore, 1, 'calls for one cold token')
    },
    ...underLoad({ product, pid, url: `${url}/files/1`, headers: bearing(token), shape }),
    async confirm() {
      const calls = verifyCalls() - callsBefore
      const elapsedMs = performance.now() - firstUse
      const allowed = 1 + Math.floor(elapsedMs / (MAX_STALENESS_MS * EARLIEST_REFRESH))
      summary =
        `Onezone was asked ${calls === 1 ? 'once' : `${calls} times`} for the one token in ${(elapsedMs / 1000).toFixed(1)} s ` +
        `(maxStaleness ${MAX_STALENESS_MS / 1000} s).`
      assert.ok(calls <= allowed, `${summary} No more than ${allowed} are needed.`)
    },
    note: () => summary,
  }
}

/** One token that is used over and over, and between its requests tokens that nobody has seen. */
export function missRow({ product, pid, url, onezone }: Gateway): Scenario {
  const mint = minter(onezone)
  const token = mint()
  const load = underLoad({
    product,
    pid,
    url: `${url}/files/1`,
    headers: bearing(token),
    fresh: { every: MISS_EVERY, mint: (count) => Array.from({ length: count }, mint) },
  })
  return {
    name: ROW.misses,
    async check() {
      await assertGuards(url, mint())
      await assertSmallAnswer(`${url}/files/1`, bearing(token))
    },
    ...load,
    async measure(seconds) {
      const before = onezone.calls().verifyAccessToken
      const measured = await load.measure(seconds)
      const calls = onezone.calls().verifyAccessToken - before
      const misses = (measured['requests'] ?? 0) / MISS_EVERY
      const surplus = calls / misses - 1
      // A few more are refreshes of the family.
      assert.ok(
        Math.abs(surplus) <= MISS_TOLERANCE + 5 / misses,
        `${calls} calls to Onezone for ${misses.toFixed(0)} misses`,
      )
      return measured
    },
  }
}

/** Tokens of alice, each another: a temporary token is made of its subject and its end, to the second. */
export function minter(onezone: DevOnezone): () => string {
  let minted = 0
  return () => {
    minted += 1
    return onezone.createTemporaryToken({ subject: ALICE, validForSeconds: 3_600 + minted })
  }
}
