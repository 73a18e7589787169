import type { BoundedMap } from '../bounded-map.ts'
import { createBoundedMap } from '../bounded-map.ts'
import type { FamilyRef, Subject } from '../token/index.ts'
import { familyKey, serializeSubject } from '../token/index.ts'
import type { Seal } from './seal.ts'

/** The names of all that is shared about one family and its subject, under one secret. */
export interface FamilyNames {
  readonly family: string
  readonly subject: string
}

/** Whom a name stands for. */
export interface Named {
  readonly ref: FamilyRef | null
  readonly subject: Subject | null
}

/** The names that this process has made, both ways: from a name nobody can tell whom it stands for. */
export interface Names {
  of(ref: FamilyRef, subject: Subject): FamilyNames
  subjectName(subject: Subject): string
  familyName(ref: FamilyRef): string
  /** Whom a name in a message stands for; null: nobody who was asked about here. */
  find(name: string): Named | null
}

/** Makes the names of one secret, and remembers so many of families, and as many of subjects. */
export function createNames(seal: Seal, max: number): Names {
  const families = createBoundedMap<{ readonly name: string }>({ max })
  const subjects = createBoundedMap<{ readonly name: string }>({ max })
  const holders: BoundedMap<Named> = createBoundedMap({ max: 2 * max })

  function familyName(ref: FamilyRef): string {
    const key = familyKey(ref)
    const known = families.get(key)
    const name = known?.name ?? seal.nameOf('family', key)
    if (known === undefined) families.set(key, { name })
    if (holders.get(name) === undefined) holders.set(name, { ref, subject: null })
    return name
  }

  function subjectName(subject: Subject): string {
    const key = serializeSubject(subject)
    const known = subjects.get(key)
    const name = known?.name ?? seal.nameOf('subject', key)
    if (known === undefined) subjects.set(key, { name })
    if (holders.get(name) === undefined) holders.set(name, { ref: null, subject })
    return name
  }

  return {
    of: (ref, subject) => ({ family: familyName(ref), subject: subjectName(subject) }),
    subjectName,
    familyName,
    find: (name) => holders.get(name) ?? null,
  }
}
