import { EPOCH_MS } from './simulated-time.ts'

/** A user or a Oneprovider, by how tokens write it, as Onezone knows it. */
export interface SubjectState {
  readonly exists: boolean
  readonly blocked: boolean
  /** Whether the service may not act for the subject: a refusal that teaches nothing about any other token. */
  readonly forbidden: boolean
  readonly generation: number
  /** Signs the temporary tokens of the generation. */
  readonly secret: string
}

/** A named token. */
export interface NamedRecord {
  /** A subject, by how tokens write it. */
  readonly owner: string
  readonly secret: string
  readonly revoked: boolean
}

/** What a token look-up API has on record of one secret. */
export interface LookupRecord {
  /** Nothing is on record of it any more. */
  readonly isGone: boolean
  readonly id: string
  readonly userId: string
  readonly revoked: boolean
  /** Milliseconds since 1970; null: never. */
  readonly expires: number | null
  readonly scopes: readonly string[]
}

/** Onezone's clock: how far ahead of the true time it was at a moment, and how much faster it goes. */
export interface OnezoneClock {
  readonly atMs: number
  readonly aheadMs: number
  readonly drift: number
}

/** All that Onezone knows at one moment; never changed, only replaced. */
export interface World {
  readonly subjects: Readonly<Record<string, SubjectState>>
  readonly named: Readonly<Record<string, NamedRecord>>
  /** Whose session it is. */
  readonly sessions: Readonly<Record<string, string>>
  /** Where an address is, as far as the database of addresses knows. */
  readonly places: Readonly<Record<string, { readonly asn: number; readonly country: string }>>
  /** Members of the one group. */
  readonly members: readonly string[]
  /** What the caveat says that only a newer Onezone knows: for which addresses it holds. */
  readonly moon: readonly string[]
  readonly lookups: Readonly<Record<string, LookupRecord>>
  readonly clock: OnezoneClock
  /** How often a subject was made anew: each time its secrets are others. */
  readonly lives: number
}

/** A world that was, from one moment on. */
export interface Moment {
  readonly fromMs: number
  readonly world: World
}

/** How Onezone’s clock was, from one moment on. */
export interface ClockMoment {
  readonly fromMs: number
  readonly clock: OnezoneClock
}

/** All worlds that were, the last one being the present. */
export interface History {
  readonly now: World
  readonly moments: readonly Moment[]
  /** All that Onezone’s clock was, of the same kind. */
  readonly clocks: readonly ClockMoment[]
  change(atMs: number, next: (world: World) => World): void
  /** The moments that lie within a time, the last one first, each with the part of it that does. */
  within(fromMs: number, toMs: number): Iterable<Span>
}

/** A part of a time in which nothing changes but the clock. */
export interface Span {
  readonly world: World
  readonly fromMs: number
  readonly toMs: number
}

export function createHistory(start: World): History {
  const moments: Moment[] = [{ fromMs: -Infinity, world: start }]
  const clocks: ClockMoment[] = [{ fromMs: -Infinity, clock: start.clock }]
  return {
    get now() {
      return moments.at(-1)?.world ?? start
    },
    moments,
    clocks,
    change(atMs, next) {
      const { now } = this
      const world = next(now)
      if (world !== now) moments.push({ fromMs: atMs, world })
      if (world.clock !== now.clock) clocks.push({ fromMs: atMs, clock: world.clock })
    },
    *within(fromMs, toMs) {
      let untilMs = toMs
      for (let at = moments.length - 1; at >= 0; at--) {
        const moment = moments[at]
        if (moment === undefined) return
        // What changed at the very end had been otherwise until then.
        if (moment.fromMs <= toMs) {
          const beganMs = Math.max(moment.fromMs, fromMs)
          yield { world: moment.world, fromMs: beganMs, toMs: untilMs }
          untilMs = beganMs
        }
        // What was until the very beginning of the time counts, too: things happen at moments.
        if (moment.fromMs < fromMs) return
      }
    },
  }
}

/** What time it is at Onezone, in milliseconds since 1970, at a true moment. */
export function onezoneNowMs({ clock }: World, atMs: number): number {
  return EPOCH_MS + atMs + aheadMs(clock, atMs)
}

/** How far ahead of the true time it is. */
export function aheadMs(clock: OnezoneClock, atMs: number): number {
  return clock.aheadMs + clock.drift * (atMs - clock.atMs)
}

const SUBJECTS = ['usr-alice', 'usr-bob', 'usr-carol', 'prv-p1'] as const
/** Alice is used most; bob consumes. */
export type SubjectName = (typeof SUBJECTS)[number]

/** What a subject's temporary tokens are signed with; `life`: how often the subject was made anew. */
export function secretOf(name: string, generation: number, life: number): string {
  return `${name}-${generation}-${life}`
}

/** The world in which every run begins. */
export function firstWorld(clock: OnezoneClock, generation: number): World {
  const subjects = SUBJECTS.map((name): [string, SubjectState] => [
    name,
    {
      exists: true,
      blocked: false,
      forbidden: false,
      generation,
      secret: secretOf(name, generation, 0),
    },
  ])
  return {
    subjects: Object.fromEntries(subjects),
    named: {},
    sessions: { s1: 'usr-alice', s2: 'usr-bob' },
    places: {
      '10.0.0.1': { asn: 1, country: 'PL' },
      '10.0.1.6': { asn: 2, country: 'DE' },
    },
    members: ['usr-bob'],
    moon: ['10.0.0.1'],
    lookups: {},
    clock,
    lives: 0,
  }
}
