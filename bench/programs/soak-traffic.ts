/** Small requests at a fixed rate, whether answers come or not, and beside them all kinds of long traffic. */

import { setTimeout as sleep } from 'node:timers/promises'

import { Agent, request } from 'undici'

import { runAsProgram } from './run-as-program.ts'
import { SMALL_REQUESTS, TRAFFIC_KINDS } from './traffic-kinds.ts'

export interface SoakTrafficInput {
  /** Of the route, without a slash at the end. */
  readonly url: string
  /** They take turns. */
  readonly tokens: readonly string[]
  /** Of the small requests. */
  readonly perSecond: number
  readonly expectBody: string
  /** How long something new begins; what is under way then is finished. */
  readonly seconds: number
}

/** What became of a kind of traffic. */
export interface KindResult {
  readonly name: string
  readonly done: number
  readonly failed: number
  /** When the first failure was, and what it said; null: there is none. */
  readonly failure: string | null
}

/** A small request that takes longer has failed. */
const ANSWER_MS = 30_000

/** Of an answer that should not have come. */
const SHOWN_CHARACTERS = 60

await runAsProgram(async (input: SoakTrafficInput): Promise<readonly KindResult[]> => {
  const { url, tokens, perSecond, expectBody, seconds } = input
  const dispatcher = new Agent({ connections: 256, pipelining: 1, headersTimeout: ANSWER_MS })
  let used = 0
  const headers = (): Record<string, string> => ({
    'X-Auth-Token': tokens[used++ % tokens.length] ?? '',
  })
  const endMs = performance.now() + seconds * 1000

  const small = createCounter(SMALL_REQUESTS)
  const smallRequest = async (): Promise<void> => {
    const { statusCode, body } = await request(`${url}/files/1`, { dispatcher, headers: headers() })
    const text = await body.text()
    if (statusCode !== 200 || text !== expectBody) {
      throw new Error(`${statusCode} ${text.slice(0, SHOWN_CHARACTERS)}`)
    }
  }
  const sendSmall = async (): Promise<void> => {
    const beginMs = performance.now()
    const underWay = new Set<Promise<void>>()
    for (let sent = 0; performance.now() < endMs; await sleep(1)) {
      const due = ((performance.now() - beginMs) / 1000) * perSecond
      for (; sent < due; sent++) {
        const one = small.count(smallRequest()).finally(() => underWay.delete(one))
        underWay.add(one)
      }
    }
    await Promise.all(underWay)
  }

  const kinds = TRAFFIC_KINDS.map((kind) => {
    const counter = createCounter(kind.name)
    const goOn = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await counter.count(kind.once({ url, headers: headers(), dispatcher }))
        // Failures that come at once must not become a flood.
        await sleep(10)
      }
    }
    return { counter, run: () => Promise.all(Array.from({ length: kind.atOnce }, goOn)) }
  })

  await Promise.all([sendSmall(), ...kinds.map(({ run }) => run())])
  await dispatcher.close()
  return [small, ...kinds.map(({ counter }) => counter)].map((counter) => counter.result())
})

interface Counter {
  count(one: Promise<void>): Promise<void>
  result(): KindResult
}

function createCounter(name: string): Counter {
  let done = 0
  let failed = 0
  let failure: string | null = null
  const beginMs = performance.now()
  return {
    async count(one) {
      try {
        await one
        done += 1
      } catch (error) {
        failed += 1
        const afterSeconds = ((performance.now() - beginMs) / 1000).toFixed(0)
        failure ??= `after ${afterSeconds} s: ${error instanceof Error ? error.message : String(error)}`
      }
    },
    result: () => ({ name, done, failed, failure }),
  }
}
