import type { PresentedToken } from '../../../src/token/index.ts'
import { serializeSubject } from '../../../src/token/index.ts'
import type { Question } from '../../../src/verifier/index.ts'
import { familyNameOf, ownerOf, questionName } from './accounts.ts'
import type { Objection } from './onezone-law.ts'
import { isRemote, readsConsumer } from './onezone-law.ts'
import type { Call, Outcome } from './onezone-server.ts'
import type { History } from './world.ts'
import { onezoneNowMs } from './world.ts'

/** One answer, as far as it counts for something. */
export interface Said {
  readonly askedAtMs: number
  readonly heardAtMs: number
  /** Of a no. */
  readonly reason?: string
}

/**
 * What the gateway has been told, and what follows from it for families (`design.md` §3), kept apart from its own
 * books.
 */
export interface WhatOnezoneSaid {
  heard(call: Call, outcome: Outcome, atMs: number): void
  /** The last yes to the very question. */
  yesTo(question: Question): Said | undefined
  /** The last no to the very question. */
  noTo(question: Question): Said | undefined
  /** When the last question was sent, of the very same, that was answered; -Infinity: none was. */
  toldAtMs(question: Question): number
  /** The last yes that vouches for the family of a token in that use. */
  yesFor(question: Question): Said | undefined
  /** The last death of the family, or of its subject, that is known. */
  deathOf(token: Question['token']): Said | undefined
  /**
   * When a token of the family was last found unknown, even if it had been accepted in what was another life as far as
   * is known here: then each must be proven anew.
   */
  lossOf(token: Question['token']): Said | undefined
  /** Since when it is known that the generation of the token is over. */
  overSince(token: Question['token']): Said | undefined
  /** The last moment of which it is known that the consumer token that is read had ended; -Infinity: there is none. */
  consumerEndedMs(question: Question): number
  /** Since when the generation of the token was last named as the current one. */
  namedSince(token: Question['token']): Said | undefined
  /** Since when another generation than the token’s was last named as the current one. */
  otherNamedSince(token: Question['token']): Said | undefined
  /** When a token of the family was last said to be invalid, proven or not. */
  invalidSince(token: Question['token']): Said | undefined
  /** When a subject that was found to have been made anew was last spoken of in its former life, of which nothing holds. */
  madeAnewSince(token: Question['token']): Said | undefined
  /** The last yes to any token of whom the token speaks for. */
  ownerAliveSince(token: Question['token']): Said | undefined
  /** Whether the token was accepted in that use, and nothing has taken that back. */
  isProven(question: Question): boolean
  /** When the question was asked whose answer last confirmed that: a yes that comes after word of the end does not. */
  confirmedAtMs(question: Question): number | undefined
  /** An operator took something back. */
  takenBack(selects: (question: Question) => boolean): void
}

/** Something that was said of the generations of a subject. */
interface Mark {
  /** This one and all before it are over. */
  readonly upTo: number
  readonly said: Said
  /** And the next one was named. */
  readonly isNamed: boolean
}

/** What is accepted in one use. */
interface Proven {
  readonly question: Question
  /** When the question was asked to which it last was. */
  readonly askedAtMs: number
  /** And to which it first was. */
  readonly sinceMs: number
}

/** That a token was found unknown which had been accepted. */
interface Loss extends Said {
  /** What was first accepted until then is lost with it; what came later may be of the subject’s next life. */
  readonly upToMs: number
}

/** How long it is believed that a generation is over. */
const BELIEVED_MS = 60_000

const EXPIRED: Objection = { reason: 'token_expired', caveat: null, error: { id: '' } }

export function createWhatOnezoneSaid(history: History): WhatOnezoneSaid {
  const yes = new Map<string, Said>()
  const no = new Map<string, Said>()
  const vouched = new Map<string, Said>()
  const deaths = new Map<string, Said>()
  const marks = new Map<string, Mark[]>()
  const proven = new Map<string, Proven>()
  /** When the question was asked to which a token was last accepted that is asked about in each context. */
  const inContext = new Map<string, number>()
  /** When a family was last found to be lost: what was proven until then must be proven anew. */
  const losses = new Map<string, Loss>()
  /** The same, as the gateway may have understood it. */
  const found = new Map<string, Said>()
  const invalid = new Map<string, Said>()
  const anew = new Map<string, Said>()

  const useOf = ({ token, kind }: Question): string => `${token.digest}/${kind}`
  const vouchesFor = (question: Question): string[] => {
    const family = familyNameOf(question.token, history.now)
    return question.kind === 'access' ? [family, `${family}/served`] : [family]
  }
  const latest = (map: Map<string, Said>, key: string, said: Said): void => {
    const known = map.get(key)
    if (known === undefined || known.askedAtMs <= said.askedAtMs) map.set(key, said)
  }
  const mark = (subject: string, upTo: number, said: Said, isNamed: boolean): void => {
    const known = marks.get(subject) ?? []
    // Of a life before the last one that is known, nothing is news any more.
    const formerMs = anew.get(subject)?.askedAtMs ?? -Infinity
    const before = known.filter(
      (each) => each.said.askedAtMs > formerMs && each.said.askedAtMs <= said.askedAtMs,
    )
    const wasHigher = before.some((each) =>
      isNamed
        ? each.upTo > upTo
        : each.upTo > upTo && said.askedAtMs - each.said.askedAtMs >= BELIEVED_MS,
    )
    if (wasHigher) {
      // What this very answer says is of the new life; the former one was spoken of before.
      const askedAtMs = Math.max(...before.map((each) => each.said.askedAtMs))
      latest(anew, subject, { ...said, askedAtMs: Math.min(askedAtMs, said.askedAtMs - 0.001) })
    }
    // What comes late is of the former life, too, where a later question has heard of a younger one.
    const isFormer = known.some(
      (each) => each.isNamed && each.upTo < upTo && each.said.askedAtMs > said.askedAtMs,
    )
    if (isFormer) latest(anew, subject, said)
    const own: Mark = { upTo, said, isNamed }
    // Of a row of the same, the first and the last say all.
    const isRow = [-1, -2].every((at) => {
      const each = known.at(at)
      return each?.upTo === upTo && each.isNamed === isNamed
    })
    const last = isRow ? known.pop() : undefined
    known.push(last !== undefined && last.said.askedAtMs > said.askedAtMs ? last : own)
    marks.set(subject, known)
  }

  /** The gateway judges by itself, when the answer is there, whether a record that is looked up has come to its end. */
  function objectionWhenHeard(
    { token }: Question,
    { objection }: Outcome,
    atMs: number,
  ): Objection | null {
    const expires = token.id === null ? history.now.lookups[token.serialized]?.expires : null
    const hasEnded = (expires ?? Infinity) <= onezoneNowMs(history.now, atMs)
    return objection === null && hasEnded ? EXPIRED : objection
  }

  function heardVerdict(question: Question, outcome: Outcome, said: Said): void {
    const { token } = question
    const objection = objectionWhenHeard(question, outcome, said.heardAtMs)
    const family = familyNameOf(token, history.now)
    const owner = `owner/${ownerOf(token, history.now)}`
    if (objection === null) {
      latest(yes, questionName(question), said)
      for (const each of vouchesFor(question)) latest(vouched, each, said)
      latest(vouched, owner, said)
      if (token.generation !== null)
        mark(serializeSubject(token.subject), token.generation - 1, said, true)
      // A yes that comes after word of the end is no proof.
      const isLate = (deathOf(token)?.askedAtMs ?? -Infinity) >= said.askedAtMs
      if (isRemote(token)) inContext.set(token.digest, said.askedAtMs)
      if (!isRemote(token) && !isLate) {
        const { askedAtMs } = said
        const sinceMs = isProven(question) ? proven.get(useOf(question))?.sinceMs : undefined
        proven.set(useOf(question), { question, askedAtMs, sinceMs: sinceMs ?? askedAtMs })
      }
      return
    }
    const { reason, error } = objection
    latest(no, questionName(question), { ...said, reason })
    if (token.id === null) {
      // Of another secret the gateway does not know of which record it was.
      if (reason === 'token_revoked' && isProven(question)) latest(deaths, family, said)
      proven.delete(useOf(question))
    } else if (reason === 'token_revoked') {
      if (token.generation === null) latest(deaths, family, said)
      else mark(serializeSubject(token.subject), token.generation, said, false)
    } else if (reason === 'user_blocked') {
      // Whom a version 1 token speaks for, only a yes tells.
      if (token.subject.id !== null || isProven(question)) latest(deaths, owner, said)
    } else {
      if (reason === 'token_invalid') latest(invalid, family, said)
      const confirmedAtMs = proven.get(useOf(question))?.askedAtMs
      if (reason === 'token_invalid' && confirmedAtMs !== undefined) latest(found, family, said)
      if (reason === 'token_invalid' && isProven(question)) {
        lose(family, said, token.generation === null ? Infinity : (confirmedAtMs ?? -Infinity))
      }
      if (error.id !== 'tokenSessionInvalid') proven.delete(useOf(question))
    }
  }

  function lose(family: string, said: Said, upToMs: number): void {
    const known = losses.get(family)
    const later = known !== undefined && known.askedAtMs > said.askedAtMs ? known : said
    losses.set(family, { ...later, upToMs: Math.max(upToMs, known?.upToMs ?? -Infinity) })
  }

  /** When a token was first accepted in any use; -Infinity: it is not. */
  function firstProvenMs({ digest }: PresentedToken): number {
    const since = [...proven.values()].filter(({ question }) => question.token.digest === digest)
    // Each answer in context proves anew.
    if (since.length === 0) return inContext.get(digest) ?? -Infinity
    return Math.max(...since.map(({ sinceMs }) => sinceMs))
  }

  function deathOf(token: PresentedToken): Said | undefined {
    const name = familyNameOf(token, history.now)
    const family = deaths.get(name)
    const owner = deaths.get(`owner/${ownerOf(token, history.now)}`)
    const loss = losses.get(name)
    const isLost = loss !== undefined && firstProvenMs(token) <= loss.upToMs
    const ends = [family, owner, isLost ? loss : undefined].filter((each) => each !== undefined)
    return ends.sort((a, b) => b.askedAtMs - a.askedAtMs)[0]
  }

  function overSince({ generation, subject }: PresentedToken): Said | undefined {
    if (generation === null) return undefined
    const known = marks.get(serializeSubject(subject)) ?? []
    return known.findLast(({ upTo }) => upTo >= generation)?.said
  }

  function lastNaming(
    { generation, subject }: PresentedToken,
    isMeant: (generation: number) => boolean,
  ): Said | undefined {
    const known = generation === null ? [] : (marks.get(serializeSubject(subject)) ?? [])
    const named = known.filter((each) => each.isNamed && isMeant(each.upTo + 1))
    return named.sort((a, b) => a.said.askedAtMs - b.said.askedAtMs).at(-1)?.said
  }

  function isProven(question: Question): boolean {
    const known = proven.get(useOf(question))
    if (known === undefined) return false
    const { token } = question
    const ends = [losses.get(familyNameOf(token, history.now)), overSince(token), anewSince(token)]
    return ends.every((end) => end === undefined || end.askedAtMs < known.askedAtMs)
  }

  function anewSince({ generation, subject }: PresentedToken): Said | undefined {
    return generation === null ? undefined : anew.get(serializeSubject(subject))
  }

  function heardReading(path: string, reading: Outcome['reading'], said: Said): void {
    const named = /\/named\/([^/]+)\//.exec(path)?.[1]
    if (named !== undefined) {
      const isDead = reading === null || ('revoked' in reading && reading.revoked)
      if (isDead) latest(deaths, `named/${named}`, said)
      if (reading === null) lose(`named/${named}`, said, Infinity)
    } else if (reading !== null && 'generation' in reading) {
      const [, collection, id] = /\/(users|providers)\/([^/]+)\//.exec(path) ?? []
      mark((collection === 'users' ? 'usr-' : 'prv-') + id, reading.generation - 1, said, true)
    }
  }

  return {
    heard({ question, path, askedAtMs }, outcome, heardAtMs) {
      const said = { askedAtMs, heardAtMs }
      if (question === null) heardReading(path, outcome.reading, said)
      else heardVerdict(question, outcome, said)
    },
    yesTo: (question) => yes.get(questionName(question)),
    noTo: (question) => no.get(questionName(question)),
    toldAtMs(question) {
      const name = questionName(question)
      return Math.max(...[yes, no].map((each) => each.get(name)?.askedAtMs ?? -Infinity))
    },
    yesFor: (question) =>
      // What is on record of another secret, no answer repeats.
      question.token.id === null
        ? yes.get(questionName(question))
        : vouched.get(vouchesFor(question).at(-1) ?? ''),
    deathOf,
    lossOf(token) {
      const name = familyNameOf(token, history.now)
      const ends = [losses.get(name), found.get(name)].filter((each) => each !== undefined)
      return ends.sort((a, b) => b.askedAtMs - a.askedAtMs)[0]
    },
    ownerAliveSince: (token) => vouched.get(`owner/${ownerOf(token, history.now)}`),
    overSince,
    consumerEndedMs({ token, consumerToken }) {
      if (consumerToken === null || !readsConsumer(token)) return -Infinity
      const ends = [deathOf(consumerToken), overSince(consumerToken), anewSince(consumerToken)]
      return Math.max(...ends.map((end) => end?.askedAtMs ?? -Infinity))
    },
    namedSince: (token) => lastNaming(token, (generation) => generation === token.generation),
    otherNamedSince: (token) => lastNaming(token, (generation) => generation !== token.generation),
    invalidSince: (token) => invalid.get(familyNameOf(token, history.now)),
    madeAnewSince: anewSince,
    isProven,
    confirmedAtMs: (question) => proven.get(useOf(question))?.askedAtMs,
    takenBack(selects) {
      for (const [use, { question }] of proven) if (selects(question)) proven.delete(use)
    },
  }
}
