import { measureLoad } from '../load/measure-load.ts'
import type { Scenario } from '../suite.ts'
import { SMALL_ANSWER } from '../targets/small-answer.ts'

export const CONNECTIONS = 64

/** Names of the rows, for the statements about them. */
export const ROW = {
  direct: 'direct',
  open: 'onegate, no authentication',
  hit: 'onegate, verdict hit',
  again: 'onegate, no authentication, again',
  misses: 'onegate, 1 % misses',
  nginx: 'nginx, auth_request + proxy_cache',
  asked: 'forward auth, nginx',
  fastify: '@fastify/http-proxy, cached check',
  hono: 'hono/proxy, cached check',
} as const

/** A process under load, and what is sent to it. */
export interface Target {
  readonly product: string
  readonly pid: number
  /** Of what it asks about tokens. @default nothing that counts */
  readonly askedPid?: number | undefined
  readonly url: string
  /** @default {} */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Every n-th request carries another token instead, which nobody has seen. @default none */
  readonly fresh?: { readonly every: number; mint(count: number): readonly string[] } | undefined
}

/** More requests a second than any contender answers on one core: so many fresh tokens are made. */
const MOST_PER_SECOND = 60_000

/** So many requests are needed until compilers have done their work; on a slow machine they take longer. */
const WARM_REQUESTS = 40_000
const MOST_SLICES = 4

/** The least that wrk knows. */
const WAKE_SECONDS = 1

/** What all rows have in common: the same load, on one process. */
export function underLoad(target: Target): Pick<Required<Scenario>, 'warmUp' | 'wake' | 'measure'> {
  const { product, pid, askedPid, url, headers = {}, fresh } = target
  const measure = (seconds: number): ReturnType<typeof measureLoad> =>
    measureLoad({
      product,
      pid,
      askedPid,
      url,
      headers,
      expectBody: SMALL_ANSWER,
      connections: CONNECTIONS,
      seconds,
      fresh:
        fresh === undefined
          ? null
          : {
              every: fresh.every,
              tokens: fresh.mint(Math.ceil(((seconds + 1) * MOST_PER_SECOND) / fresh.every)),
            },
    })
  return {
    async warmUp(seconds) {
      let warm = 0
      for (let slices = 0; warm < WARM_REQUESTS && slices < MOST_SLICES; slices++) {
        warm += (await measure(seconds))['requests'] ?? 0
      }
    },
    async wake() {
      await measure(WAKE_SECONDS)
    },
    measure,
  }
}
