/**
 * What is shared, as it is written: letters and numbers, and no id of anybody.
 *
 * @module
 */

import type { TokenKind } from '../token/index.ts'
import type { Stamp } from './store-time.ts'

/** One fact. All but the last two are said by the verifier; how old each is, its stamp says. */
export type Fact =
  /** The verifier accepted a token in this use; `endsAfterMs`: how long it had from then on, -1: for ever. */
  | { readonly kind: 'proven'; readonly use: TokenKind; readonly endsAfterMs: number }
  /** The family lived; `served`: it was asked about as an access token. */
  | { readonly kind: 'alive'; readonly served: boolean }
  /** The named token was revoked. */
  | { readonly kind: 'revoked' }
  /** A token of the family that had last been confirmed so long before is unknown; -1: it does not matter when. */
  | { readonly kind: 'lost'; readonly confirmedBeforeMs: number }
  /** This was the subject's generation. */
  | { readonly kind: 'current'; readonly generation: number }
  /** This generation of the subject was over, and all before it. */
  | { readonly kind: 'over'; readonly generation: number }
  /** The subject was blocked. */
  | { readonly kind: 'blocked' }
  /** A token that was accepted must be proven anew. */
  | { readonly kind: 'withdrawn' }
  /** An operator wants nothing to count that was asked before. */
  | { readonly kind: 'invalidated' }

export type FactKind = Fact['kind']

/** A fact with its stamp. */
export interface StampedFact {
  readonly fact: Fact
  readonly stamp: Stamp
}

const USES: readonly TokenKind[] = ['access', 'identity', 'invite']

interface Spelling {
  readonly letter: string
  /** The one number that says more; null: there is none. */
  readonly write: (fact: Fact) => number
  readonly read: (value: number) => Fact | null
}

const plain = (fact: Fact): Omit<Spelling, 'letter'> => ({
  write: () => 0,
  read: (value) => (value === 0 ? fact : null),
})

/** How each is written: a letter and one number. */
const SPELLINGS: Readonly<Record<Exclude<FactKind, 'proven'>, Spelling>> = {
  alive: {
    letter: 'a',
    write: (fact) => (fact.kind === 'alive' && fact.served ? 1 : 0),
    read: (value) => (value > 1 ? null : { kind: 'alive', served: value === 1 }),
  },
  revoked: { letter: 'r', ...plain({ kind: 'revoked' }) },
  lost: {
    letter: 'l',
    write: (fact) => (fact.kind === 'lost' ? fact.confirmedBeforeMs : 0),
    read: (value) => ({ kind: 'lost', confirmedBeforeMs: value }),
  },
  current: {
    letter: 'c',
    write: (fact) => (fact.kind === 'current' ? fact.generation : 0),
    read: (value) => (value < 0 ? null : { kind: 'current', generation: value }),
  },
  over: {
    letter: 'o',
    write: (fact) => (fact.kind === 'over' ? fact.generation : 0),
    read: (value) => (value < 0 ? null : { kind: 'over', generation: value }),
  },
  blocked: { letter: 'b', ...plain({ kind: 'blocked' }) },
  withdrawn: { letter: 'x', ...plain({ kind: 'withdrawn' }) },
  invalidated: { letter: 'i', ...plain({ kind: 'invalidated' }) },
}

const PROVEN = 'p'

/** Writes a fact. */
export function writeFact({ fact, stamp: { storeMs, wallMs } }: StampedFact): string {
  const [letter, value] =
    fact.kind === 'proven'
      ? [`${PROVEN}${USES.indexOf(fact.use)}`, fact.endsAfterMs]
      : [SPELLINGS[fact.kind].letter, SPELLINGS[fact.kind].write(fact)]
  return `${letter} ${storeMs} ${wallMs} ${value}`
}

/** Reads a fact; null: it is none. */
export function readFact(text: string): StampedFact | null {
  const [, word = '', ...numbers] =
    /^([a-z]\d?) (\d{1,15}) (\d{1,15}) (-1|\d{1,16})$/.exec(text) ?? []
  const [storeMs = NaN, wallMs = NaN, value = NaN] = numbers.map(Number)
  if (!Number.isSafeInteger(value)) return null
  const stamp = { storeMs, wallMs }
  if (word.startsWith(PROVEN)) {
    const use = USES[Number(word.slice(1) || NaN)]
    return use === undefined ? null : { fact: { kind: 'proven', use, endsAfterMs: value }, stamp }
  }
  const spelling = Object.values(SPELLINGS).find(({ letter }) => letter === word)
  const fact = spelling?.read(value) ?? null
  return fact === null ? null : { fact, stamp }
}
