import type { FamilyRef, Subject } from '../token/index.ts'
import type { Fact, StampedFact } from './fact.ts'
import { readFact } from './fact.ts'
import type { Names } from './names.ts'
import type { Seal } from './seal.ts'
import { LONGEST_VALUE } from './seal.ts'
import type { Store } from './store.ts'
import type { Age, Stamp } from './store-time.ts'
import { isAfter } from './store-time.ts'
import type { TakenBack } from './taken-back.ts'

/** Why something that was in the store, or came from it, is not used. */
export type Rejection = 'mac' | 'shape' | 'age' | 'clock' | 'flood'

/** Something that was found, or heard. */
export interface Finding {
  readonly fact: Fact
  readonly stamp: Stamp
  /** Null: that cannot be told. */
  readonly age: Age | null
  /** It is about all that there is. */
  readonly isOfAll: boolean
}

/** What one secret seals and names. */
export interface Secret {
  readonly seal: Seal
  readonly names: Names
}

/** Options of {@link createLook}. */
export interface LookOptions {
  readonly secrets: readonly Secret[]
  /** The whole of a name that belongs to a family, a subject or all. */
  readonly at: (name: string, ...rest: readonly string[]) => string
  readonly takenBack: TakenBack
  readonly stampOf: (atMs: number) => Stamp
  readonly ageOf: (stamp: Stamp) => Age | null
  readonly onRejected: (reason: Rejection) => void
}

/** What stands in the store about a token; it may be anything. */
export interface Look {
  /** Whether there is something. */
  readonly isHit: boolean
  /** What of it is ours, and counts. */
  read(): readonly Finding[]
}

/** Makes what looks for all that is in the store about a token, its family and its subject. */
export function createLook(options: LookOptions) {
  const { secrets, at, takenBack, stampOf, ageOf, onRejected } = options

  function namesBy({ seal, names }: Secret, ref: FamilyRef, subject: Subject, proofKey: string) {
    const of = names.of(ref, subject)
    return {
      seal,
      family: [
        at(of.family, 'p', seal.nameOf('proof', proofKey)),
        ...['a', 'd', 'i'].map((what) => at(of.family, what)),
      ],
      subject: ['s', 'b', 'i'].map((what) => at(of.subject, what)),
      all: at(seal.nameOf('all', ''), 'i'),
    }
  }

  /** What a value says; null: nothing, or nothing that is ours. */
  function factOf(seal: Seal, name: string, value: unknown): StampedFact | null {
    const isText = typeof value === 'string' && value.length <= LONGEST_VALUE
    const body = isText ? seal.open(name, value) : ({ rejected: 'shape' } as const)
    const fact = typeof body === 'string' ? readFact(body) : null
    if (fact === null) onRejected(typeof body === 'string' ? 'shape' : body.rejected)
    return fact
  }

  return async function look(
    from: Store,
    ref: FamilyRef,
    subject: Subject,
    proofKey: string,
  ): Promise<Look> {
    const wanted = secrets.map((secret) => namesBy(secret, ref, subject, proofKey))
    const values = await Promise.all(
      wanted.map(async ({ seal, family, subject: one, all }) => {
        const about = { seal, isOfAll: false }
        const [ofFamily, ofSubject, ofAll] = await Promise.all([
          from.mget(family),
          from.mget(one),
          from.get(all),
        ])
        return [
          ...family.map((name, place) => ({ ...about, name, value: valueIn(ofFamily, place) })),
          ...one.map((name, place) => ({ ...about, name, value: valueIn(ofSubject, place) })),
          { seal, name: all, value: ofAll, isOfAll: true },
        ]
      }),
    )
    const found: readonly Value[] = values.flat().filter(({ value }) => isThere(value))

    /** Whether it was taken back, here or by others who said so, after it was asked for. */
    function isOver({ fact, stamp }: StampedFact): boolean {
      if (fact.kind !== 'alive' && fact.kind !== 'proven') return false
      const atMs = takenBack.last(
        ...wanted.flatMap(({ family, subject: one, all }) =>
          fact.kind === 'proven' ? [family[0], all] : [family[3], one[2], all],
        ),
      )
      return atMs !== null && !isAfter(stamp, stampOf(atMs))
    }

    function findingOf({ seal, name, value, isOfAll }: Value): Finding | null {
      const fact = factOf(seal, name, value)
      return fact === null || isOver(fact) ? null : { ...fact, age: ageOf(fact.stamp), isOfAll }
    }

    return {
      isHit: found.length > 0,
      read: () => found.map(findingOf).filter((finding) => finding !== null),
    }
  }
}

/** What stands under a name. */
interface Value {
  readonly seal: Seal
  readonly name: string
  readonly value: unknown
  readonly isOfAll: boolean
}

const isThere = (value: unknown): boolean => value !== null && value !== undefined

/** A server may say anything where a list is due. */
function valueIn(values: unknown, place: number): unknown {
  return Array.isArray(values) ? values[place] : values
}
