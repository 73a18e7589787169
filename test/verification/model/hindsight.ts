import type { Question, Refused } from '../../../src/verifier/index.ts'
import type { Objection } from './onezone-law.ts'
import { isRefused, isRemote, objectionsTo } from './onezone-law.ts'
import type { Settings } from './settings.ts'
import type { WhatOnezoneSaid } from './what-onezone-said.ts'
import type { History } from './world.ts'
import { aheadMs } from './world.ts'

/** What Onezone would have said of a request at some moment of a span, by its whole history. */
export interface Hindsight {
  readonly accepted: (asked: Question, fromMs: number, toMs: number, errorMs: number) => boolean
  /**
   * Whether it was accepted but for its end, and Onezone’s clock was set back since, by which it has not come: an end is
   * no fact that is asked about, so that its moment need not be the one of the others.
   */
  readonly acceptedByClockSetBack: (
    request: Question,
    fromMs: number,
    toMs: number,
    errorMs: number,
  ) => boolean
  /** Whether it is nothing but a subject that was made anew, and not too long ago. */
  readonly isOfFormerLife: (
    request: Question,
    fromMs: number,
    toMs: number,
    errorMs: number,
    known?: { readonly toldByMs?: number; readonly moreMs?: number },
  ) => boolean
  readonly reasonIsTrue: (
    asked: Question,
    refused: Pick<Refused, 'reason' | 'caveat'>,
    fromMs: number,
    toMs: number,
    errorMs: number,
  ) => boolean
}

export interface HindsightOptions {
  readonly settings: Settings
  readonly history: History
  readonly said: WhatOnezoneSaid
}

/** Moments are compared that were reckoned in different ways. */
const EPSILON_MS = 0.01
/**
 * For how many intervals a token that was proven may go unasked, while others vouch for its family: so long can one
 * pass whose subject was made anew with the same generation, for a worker and its primary one after the other.
 */
const OWN_QUESTION_INTERVALS = 10

export function createHindsight({ settings, history, said }: HindsightOptions): Hindsight {
  const { workers, maxStalenessMs } = settings

  /** Onezone is not told through which interface an invite token comes. */
  const asTold = (request: Question): Question =>
    request.kind === 'invite' ? { ...request, interface: null } : request

  function accepted(asked: Question, fromMs: number, toMs: number, errorMs: number): boolean {
    const request = asTold(asked)
    for (const span of history.within(fromMs - EPSILON_MS, toMs)) {
      if (!isRefused(span.world, Math.max(0, span.fromMs), request, -errorMs)) return true
    }
    return false
  }

  function acceptedByClockSetBack(
    request: Question,
    fromMs: number,
    toMs: number,
    errorMs: number,
  ): boolean {
    const { clocks } = history
    const wentBack = clocks.some(({ fromMs: atMs, clock }, index) => {
      const before = clocks[index - 1]?.clock
      return atMs >= fromMs && before !== undefined && aheadMs(clock, atMs) < aheadMs(before, atMs)
    })
    if (!wentBack) return false
    const isEnd = ({ reason }: Objection): boolean => reason === 'token_expired'
    if ([...objectionsTo(history.now, toMs, request, -errorMs)].some(isEnd)) return false
    for (const span of history.within(fromMs - EPSILON_MS, toMs)) {
      const objections = [...objectionsTo(span.world, Math.max(0, span.fromMs), request, -errorMs)]
      if (objections.every(isEnd)) return true
    }
    return false
  }

  function isOfFormerLife(
    request: Question,
    fromMs: number,
    toMs: number,
    errorMs: number,
    { toldByMs = toMs, moreMs = 0 } = {},
  ): boolean {
    if (request.token.generation === null || isRemote(request.token)) return false
    // The gateway has been told so of this very token.
    const told = said.noTo(request)
    const isTold = told?.reason === 'token_invalid' && told.heardAtMs <= toldByMs
    const toldMs = isTold ? told.askedAtMs : -Infinity
    if (workers === 0 && toldMs > (said.yesTo(request)?.askedAtMs ?? -Infinity)) return false
    const intervals = OWN_QUESTION_INTERVALS * (workers === 0 ? 1 : 2)
    if (!accepted(request, toMs - intervals * maxStalenessMs - moreMs, toMs, errorMs)) return false
    for (const span of history.within(fromMs - EPSILON_MS, toMs)) {
      const objections = [...objectionsTo(span.world, Math.max(0, span.fromMs), request, -errorMs)]
      if (objections.every(({ error }) => error.id === 'tokenInvalid')) return true
    }
    return false
  }

  function reasonIsTrue(
    asked: Question,
    { reason, caveat }: Pick<Refused, 'reason' | 'caveat'>,
    fromMs: number,
    toMs: number,
    errorMs: number,
  ): boolean {
    const request = asTold(asked)
    for (const span of history.within(fromMs - EPSILON_MS, toMs)) {
      for (const each of objectionsTo(span.world, span.toMs, request, errorMs)) {
        if (each.reason === reason && each.caveat === caveat) return true
      }
    }
    return false
  }

  return { accepted, acceptedByClockSetBack, isOfFormerLife, reasonIsTrue }
}
