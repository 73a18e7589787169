import type { PresentedToken } from '../../../src/token/index.ts'
import type { Settings } from './settings.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** Watches what it costs that somebody sends many tokens, each of them once and none of them good. */
export interface Floods {
  readonly began: (tokens: readonly PresentedToken[]) => void
  readonly asked: (token: PresentedToken) => void
}

export interface FloodsOptions {
  readonly settings: Settings
  readonly time: SimulatedTime
  readonly object: (rule: string, about: object) => void
}

export function createFloods({ settings, time, object }: FloodsOptions): Floods {
  const { budgetPerSecond } = settings
  const floods = new Map<string, { readonly sinceMs: number; asked: number }>()

  return {
    began(tokens) {
      const flood = { sinceMs: time.nowMs, asked: 0 }
      for (const { digest } of tokens) floods.set(digest, flood)
    },
    asked({ digest }) {
      const flood = floods.get(digest)
      if (flood === undefined || budgetPerSecond === null) return
      flood.asked += 1
      const seconds = 10 + (time.nowMs - flood.sinceMs) / 1000
      if (flood.asked > budgetPerSecond * seconds + 1) {
        object('a flood cost more than its budget', { asked: flood.asked, seconds })
      }
    },
  }
}
