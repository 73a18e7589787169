import type { LoadOptions } from '../load/measure-load.ts'
import { measureLoad } from '../load/measure-load.ts'
import type { Measurement, Scenario } from '../suite.ts'
import { SMALL_ANSWER } from '../programs/small-answer.ts'

export const CONNECTIONS = 64

/** Names of the rows, for the statements about them. */
export const ROW = {
  direct: 'direct',
  open: 'onegate, no authentication',
  hit: 'onegate, verdict hit',
  unlogged: 'onegate, verdict hit, no access log',
  logged: 'onegate, verdict hit, access log of all',
  again: 'onegate, no authentication, again',
  misses: 'onegate, 1 % misses',
  nginx: 'nginx, auth_request + proxy_cache',
  haproxy: 'HAProxy, Lua verdict table',
  asked: 'forward auth, nginx',
  fastify: '@fastify/http-proxy, cached check',
  hono: 'hono/proxy, cached check',
} as const

/** How requests come. */
export interface LoadShape extends Pick<LoadOptions, 'kind' | 'connections'> {
  /** What stands behind the name of a row. */
  readonly title: string
}

export const USUAL_LOAD: LoadShape = { title: '', kind: 'plain', connections: CONNECTIONS }

/** A process under load, and what is sent to it. */
export interface Target extends Pick<LoadOptions, 'product' | 'pid' | 'askedPid' | 'url'> {
  /** @default USUAL_LOAD */
  readonly shape?: LoadShape | undefined
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

/** What all rows have in common: the same load, on one process. */
export function underLoad({
  headers = {},
  fresh,
  shape: { kind, connections } = USUAL_LOAD,
  ...target
}: Target): Pick<Required<Scenario>, 'warmUp' | 'wake' | 'measure'> {
  const tokensFor = (seconds: number): LoadOptions['fresh'] => {
    if (fresh === undefined) return null
    const count = Math.ceil(((seconds + 1) * MOST_PER_SECOND) / fresh.every)
    return { every: fresh.every, tokens: fresh.mint(count) }
  }
  const load = { ...target, headers, expectBody: SMALL_ANSWER, kind, connections }
  const measure = (seconds: number): Promise<Measurement> =>
    measureLoad({ ...load, seconds, fresh: tokensFor(seconds) })
  return {
    async warmUp(seconds) {
      let warm = 0
      for (let slices = 0; warm < WARM_REQUESTS && slices < MOST_SLICES; slices++) {
        warm += (await measure(seconds))['requests'] ?? 0
      }
    },
    wake: async () => void (await measure(1)),
    measure,
  }
}
