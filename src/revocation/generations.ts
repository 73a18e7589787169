/**
 * What is known of the generations of one subject's temporary tokens. Times are monotonic milliseconds at which a
 * question was sent; -Infinity: never.
 *
 * A subject has one generation, which only goes up while it lives. One that is deleted and made anew begins again with
 * the first: so a lower generation than was known, if it was asked about later, is the first word of a new life, in
 * which nothing holds that was proven in the former one.
 */
export interface Generations {
  /** The newest that was over, as all older ones were, when it was last asked about. Goes back only with a new life. */
  overUpTo: number
  overAtMs: number
  /** The generation that was named last. */
  current: number
  namedAtMs: number
  /** What was learned of generations up to this one until that moment may be of a former life. */
  formerUpTo: number
  formerUntilMs: number
  /** What was asked until then is not believed without asking again. */
  distrustedUntilMs: number
}

/**
 * What it changed that a generation was named. `late`: nothing, since the answer to a later question contradicts it.
 */
export type Naming = 'late' | 'nothing' | 'older ones end' | 'made anew'

/**
 * How long it is believed without asking again that a generation is over: a subject that is made anew must get through.
 */
const BELIEVED_MS = 60_000

/** Makes what is known of a subject of which nothing is known. */
export function newGenerations(): Generations {
  return {
    overUpTo: -Infinity,
    overAtMs: -Infinity,
    current: -Infinity,
    namedAtMs: -Infinity,
    formerUpTo: -Infinity,
    formerUntilMs: -Infinity,
    distrustedUntilMs: -Infinity,
  }
}

/** Takes in that this was the current generation. */
export function sawCurrent(known: Generations, generation: number, askedAtMs: number): Naming {
  const isOver = generation <= known.overUpTo
  if (isOver && askedAtMs <= known.overAtMs) return 'late'
  if (generation !== known.current && askedAtMs < known.namedAtMs) return 'late'
  const before = known.overUpTo
  const isAnew = isOver || generation < known.current
  // Where others were over since, that may have been said of the new life; the former one was last named before.
  if (isAnew) leaveLife(known, Infinity, isOver ? known.overAtMs : known.namedAtMs)
  known.overUpTo = generation - 1
  known.overAtMs = Math.max(known.overAtMs, askedAtMs)
  known.current = generation
  known.namedAtMs = Math.max(known.namedAtMs, askedAtMs)
  if (isAnew) return 'made anew'
  return known.overUpTo > before ? 'older ones end' : 'nothing'
}

/** Takes in that the current generation was higher than this. True: some end of which it was not known. */
export function sawOver(known: Generations, generation: number, askedAtMs: number): boolean {
  if (askedAtMs < known.namedAtMs && generation >= known.current) {
    // Of the same as was named since, so of a former life; or it came to its end since: then the next answer says so.
    leaveLife(known, generation, askedAtMs)
    return false
  }
  const before = known.overUpTo
  const isCertain = askedAtMs <= known.overAtMs || isBelieved(known, askedAtMs)
  if (generation < before && !isCertain) {
    // It says nothing of those above: meanwhile the subject may have been made anew.
    leaveLife(known, before)
    known.overUpTo = generation
  }
  known.overUpTo = Math.max(known.overUpTo, generation)
  known.overAtMs = Math.max(known.overAtMs, askedAtMs)
  return generation > before
}

/** The last moment of which it is known that the generation was not current, or was that of a former life. */
export function overSince(known: Generations, generation: number): number {
  const overAtMs = generation <= known.overUpTo ? known.overAtMs : -Infinity
  const formerMs = generation <= known.formerUpTo ? known.formerUntilMs : -Infinity
  return Math.max(overAtMs, formerMs)
}

/** Whether it is believed without asking that generations up to `overUpTo` are over. */
export function isBelieved({ overAtMs, distrustedUntilMs }: Generations, nowMs: number): boolean {
  return nowMs - overAtMs < BELIEVED_MS && overAtMs > distrustedUntilMs
}

function leaveLife(known: Generations, upTo: number, untilMs = known.overAtMs): void {
  known.formerUpTo = Math.max(known.formerUpTo, upTo)
  known.formerUntilMs = Math.max(known.formerUntilMs, untilMs)
}
