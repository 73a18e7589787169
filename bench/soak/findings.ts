import type { KindResult } from '../programs/soak-traffic.ts'
import type { Finding } from '../study.ts'
import type { VitalSigns } from './vital-signs.ts'
import { VITAL_SIGNS } from './vital-signs.ts'

/** How much higher than at the start a value may be at the end. */
const GROWTH = 1.2

/** What became of a kind of traffic. */
export function trafficFindings(
  { name, done, failed, failure }: KindResult,
  seconds: number,
  perSecond: number,
): Finding[] {
  const rate = `${(done / seconds).toFixed(0)} /s of ${perSecond} /s that were meant to come`
  return [
    {
      what: `${name}, done`,
      value: done,
      unit: '',
      digits: 0,
      remark: name === 'small requests' ? rate : undefined,
    },
    {
      what: `${name}, failed`,
      value: failed,
      unit: '',
      digits: 0,
      goal: { exactly: 0 },
      remark: failure ?? undefined,
    },
  ]
}

interface Shown {
  readonly what: string
  readonly unit: string
  readonly digits: number
  readonly per: number
  /** How much more than a multiple of the start it may be at the end. */
  readonly slack: number
  /** Whether it must be back, afterwards, where it was before. @default false */
  readonly returns?: boolean
}

const MEBIBYTE = 2 ** 20

const SHOWN: Readonly<Record<keyof VitalSigns, Shown>> = {
  rssBytes: { what: 'RSS', unit: 'MiB', digits: 1, per: MEBIBYTE, slack: 32 * MEBIBYTE },
  heapUsedBytes: {
    what: 'heap in use',
    unit: 'MiB',
    digits: 1,
    per: MEBIBYTE,
    slack: 16 * MEBIBYTE,
  },
  openFiles: { what: 'open files', unit: '', digits: 0, per: 1, slack: 10, returns: true },
  activeResources: {
    what: 'active resources',
    unit: '',
    digits: 0,
    per: 1,
    slack: 10,
    returns: true,
  },
  loopDelayMs: { what: 'event-loop delay, p99', unit: 'ms', digits: 1, per: 1, slack: 5 },
}

/** What the gateway said of itself, by when it did. */
export type Phases = Readonly<Record<'before' | 'start' | 'middle' | 'end' | 'after', VitalSigns>>

/** Whether the gateway grew, and whether it let go of what it held. */
export function growthFindings(phases: Phases): Finding[] {
  return VITAL_SIGNS.flatMap((sign) => {
    const { what, unit, digits, per, slack, returns = false } = SHOWN[sign]
    const finding = (phase: keyof Phases, atMost?: number): Finding => {
      const value = phases[phase][sign]
      return {
        what: `${what}, ${phase}`,
        value: Number.isNaN(value) ? null : value / per,
        unit,
        digits,
        goal: atMost === undefined ? undefined : { atMost: atMost / per },
      }
    }
    const during = [
      finding('start'),
      finding('middle'),
      finding('end', phases.start[sign] * GROWTH + slack),
    ]
    if (!returns) return during
    return [finding('before'), ...during, finding('after', phases.before[sign] + slack)]
  })
}
