import { setTimeout as sleep } from 'node:timers/promises'

import { spreadOf } from './ratios.ts'
import { goalText } from './report.ts'

interface Sign {
  readonly title: string
  readonly metric: string
  /** What the metric is multiplied by, and the unit of that. */
  readonly scale: readonly [factor: number, unit: string]
  /** How much more than 1.2 times the start it may be at the end. */
  readonly slack: number
  /** It must be back, afterwards, where it was before. @default false */
  readonly returns?: true
}

const MEBIBYTES = [2 ** -20, ' MiB'] as const
const COUNT = [1, ''] as const

const SIGNS: readonly Sign[] = [
  { title: 'RSS', metric: 'process_resident_memory_bytes', scale: MEBIBYTES, slack: 32 },
  { title: 'heap in use', metric: 'nodejs_heap_size_used_bytes', scale: MEBIBYTES, slack: 16 },
  { title: 'open files', metric: 'process_open_fds', scale: COUNT, slack: 10, returns: true },
  {
    title: 'active resources',
    metric: 'nodejs_active_resources',
    scale: COUNT,
    slack: 10,
    returns: true,
  },
  {
    title: 'event-loop delay, p99',
    metric: 'nodejs_eventloop_lag_p99_seconds',
    scale: [1000, ' ms'],
    slack: 5,
  },
]

/** How much higher than at the start a value may be at the end. */
const GROWTH = 1.2

/** Parts of the time, from and to, in which the gateway is looked at. What comes before is warming up. */
const WINDOWS = { start: [0.1, 0.25], middle: [0.45, 0.6], end: [0.85, 1] } as const

/** From the last answer until a look at what is left. */
const REST_MS = 5_000

/** Looks at the metrics of an admin listener before traffic comes, while it comes, and afterwards. */
export interface VitalSigns {
  /**
   * Looks again and again until the traffic, meant to take so many seconds, is over. Says whether values grew, and
   * whether the gateway let go of what it held.
   */
  during(traffic: Promise<unknown>, seconds: number): Promise<readonly string[]>
}

/** Looks for the first time at once. */
export async function createVitalSigns(admin: string): Promise<VitalSigns> {
  /** One value per sign, in their order. */
  async function look(): Promise<readonly number[]> {
    const text = await (await fetch(`${admin}/metrics`)).text()
    return SIGNS.map(({ metric, scale: [factor] }) => sumOf(text, metric) * factor)
  }

  const before = await look()
  return {
    async during(traffic, seconds) {
      let over = false
      const end = (): void => void (over = true)
      void traffic.then(end, end)
      const looks: { readonly part: number; readonly values: readonly number[] }[] = []
      const begun = performance.now()
      while (!over) {
        const part = (performance.now() - begun) / (seconds * 1000)
        looks.push({ part, values: await look() })
        // Often enough that each window has some, also in a short soak.
        await sleep(Math.min(10_000, seconds * 20))
      }
      await sleep(REST_MS)
      const after = await look()
      const typical = (index: number, [from, to]: readonly [number, number]): number => {
        const within = looks.filter(({ part }) => part >= from && part <= to)
        return spreadOf(within.map(({ values }) => values[index]))?.median ?? NaN
      }

      return SIGNS.map(({ title, scale: [, unit], slack, returns }, index) => {
        const show = (value: number): string => `${value.toFixed(1)}${unit}`
        const [start, middle, last] = [
          typical(index, WINDOWS.start),
          typical(index, WINDOWS.middle),
          typical(index, WINDOWS.end),
        ]
        const during = `${title}: ${show(start)}, ${show(middle)}, ${show(last)} at start, middle and end`
        const grown = goalText(last, { atMost: start * GROWTH + slack }, show)
        if (returns !== true) return `${during}; ${grown}`
        const [was, is] = [before[index]!, after[index]!]
        const back = goalText(is, { atMost: was + slack }, show)
        return `${during}; ${grown}; before ${show(was)}, after ${show(is)}; ${back}`
      })
    },
  }
}

function sumOf(text: string, metric: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
