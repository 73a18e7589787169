import { setTimeout as sleep } from 'node:timers/promises'

import { goalText } from './goal.ts'
import { spreadOf } from './ratios.ts'

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

/** One value per sign, in their order. */
type Look = readonly number[]

/** What a gateway says of itself in its metrics. */
export interface VitalSigns {
  look(): Promise<Look>
  /** Looks again and again for so long; the notes say whether it grew, and whether it let go of what it held. */
  follow(seconds: number): { stop(): void; notes(before: Look): Promise<readonly string[]> }
}

/** Reads the metrics of an admin listener. */
export function createVitalSigns(admin: string): VitalSigns {
  async function look(): Promise<Look> {
    const text = await (await fetch(`${admin}/metrics`)).text()
    return SIGNS.map(({ metric, scale: [factor] }) => sumOf(text, metric) * factor)
  }

  return {
    look,
    follow(seconds) {
      const looks: { readonly part: number; readonly look: Look }[] = []
      const begun = performance.now()
      // Often enough that each window has some, also in a short soak.
      const pauseMs = Math.min(10_000, seconds * 20)
      let over = false
      const following = (async () => {
        while (!over) {
          looks.push({ part: (performance.now() - begun) / (seconds * 1000), look: await look() })
          await sleep(pauseMs)
        }
      })()
      const typical = ([from, to]: readonly [number, number], index: number): number =>
        spreadOf(
          looks.filter(({ part }) => part >= from && part <= to).map((each) => each.look[index]),
        )?.median ?? NaN
      return {
        stop: () => void (over = true),
        async notes(before) {
          await following
          await sleep(REST_MS)
          const after = await look()
          return SIGNS.map(({ title, scale: [, unit], slack, returns }, index) => {
            const show = (value: number): string => `${value.toFixed(1)}${unit}`
            const [start, middle, end] = [WINDOWS.start, WINDOWS.middle, WINDOWS.end].map(
              (window) => typical(window, index),
            ) as [number, number, number]
            const during = `${title}: ${show(start)}, ${show(middle)}, ${show(end)} at start, middle and end`
            const grown = goalText(end, { atMost: start * GROWTH + slack }, show)
            if (returns !== true) return `${during}; ${grown}`
            const [was, is] = [before[index] ?? NaN, after[index] ?? NaN]
            return `${during}; ${grown}; before ${show(was)}, after ${show(is)}; ${goalText(is, { atMost: was + slack }, show)}`
          })
        },
      }
    },
  }
}

function sumOf(text: string, metric: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
