/** Small requests at a fixed rate, unless too many are under way, and beside them all kinds of long traffic. */

import { setTimeout as sleep } from 'node:timers/promises'

import { Agent } from 'undici'

import { runAsProgram } from './run-as-program.ts'
import type { TrafficKind } from './traffic-kinds.ts'
import { LONG_TRAFFIC, SMALL_REQUESTS } from './traffic-kinds.ts'

export interface SoakTrafficInput {
  /** Of the route, without a slash at the end. */
  readonly url: string
  /** They take turns. */
  readonly tokens: readonly string[]
  /** Of the small requests. */
  readonly perSecond: number
  /** How long something new begins; what is under way then is finished. */
  readonly seconds: number
}

/** What became of a kind of traffic. */
export interface KindResult {
  readonly name: string
  done: number
  failed: number
  /** When the first failure was, and what it said; null: there is none. */
  failure: string | null
}

/** A small request that takes longer has failed. */
const ANSWER_MS = 30_000

/** More wait until one of them is answered: on a machine that falls behind, they would fill its memory. */
const MOST_UNDER_WAY = 2_048

await runAsProgram(async (input: SoakTrafficInput): Promise<readonly KindResult[]> => {
  const { url, tokens, perSecond, seconds } = input
  const dispatcher = new Agent({ connections: 256, pipelining: 1, headersTimeout: ANSWER_MS })
  const beginMs = performance.now()
  const elapsedSeconds = (): number => (performance.now() - beginMs) / 1000
  const results: KindResult[] = []
  let used = 0

  /** Does one of its kind and counts it; never rejects. */
  const counted = ({ name, once }: TrafficKind): (() => Promise<void>) => {
    const result: KindResult = { name, done: 0, failed: 0, failure: null }
    results.push(result)
    return async () => {
      const headers = { 'X-Auth-Token': tokens[used++ % tokens.length] ?? '' }
      try {
        await once({ url, headers, dispatcher })
        result.done += 1
      } catch (error) {
        result.failed += 1
        result.failure ??= `after ${elapsedSeconds().toFixed(0)} s: ${String(error)}`
      }
    }
  }

  const sendSmall = async (once: () => Promise<void>): Promise<void> => {
    const underWay = new Set<Promise<void>>()
    for (let sent = 0; elapsedSeconds() < seconds; await sleep(1)) {
      for (; sent < elapsedSeconds() * perSecond && underWay.size < MOST_UNDER_WAY; sent++) {
        const one = once().finally(() => underWay.delete(one))
        underWay.add(one)
      }
    }
    await Promise.all(underWay)
  }
  const goOn = async (once: () => Promise<void>): Promise<void> => {
    while (elapsedSeconds() < seconds) {
      await once()
      // Failures that come at once must not become a flood.
      await sleep(10)
    }
  }
  const small = sendSmall(counted(SMALL_REQUESTS))
  const long = LONG_TRAFFIC.flatMap((kind) => Array(kind.atOnce).fill(counted(kind)).map(goOn))
  await Promise.all([small, ...long])
  await dispatcher.close()
  return results
})
