import type { Random } from './random.ts'
import type { SubjectState, World } from './world.ts'
import { secretOf } from './world.ts'

/** Something that changes at Onezone. */
export type WorldChange = readonly [name: string, next: (world: World, chance: Random) => World]

const MOSTLY_ALICE = ['usr-alice', 'usr-alice', 'usr-bob', 'usr-carol', 'prv-p1'] as const

function withSubject(
  world: World,
  chance: Random,
  next: (subject: SubjectState, name: string) => Partial<SubjectState>,
): World {
  const name = chance.pick(MOSTLY_ALICE)
  const subject = world.subjects[name]
  if (subject === undefined) return world
  return {
    ...world,
    subjects: { ...world.subjects, [name]: { ...subject, ...next(subject, name) } },
  }
}

function withNamed(world: World, chance: Random, revoked: boolean): World {
  const id = recent(chance, Object.keys(world.named))
  const record = world.named[id]
  return record === undefined
    ? world
    : { ...world, named: { ...world.named, [id]: { ...record, revoked } } }
}

/** One of the last, which are the ones in use. */
function recent(chance: Random, ids: readonly string[]): string {
  const some = chance.chance(0.5) ? ids.slice(-8) : ids
  return some.length === 0 ? '' : chance.pick(some)
}

/** What happens to subjects and their tokens. */
export const SUBJECT_CHANGES: readonly WorldChange[] = [
  ['revoke all', (world, chance) => withSubject(world, chance, nextGeneration(world, 1))],
  ['revoke all', (world, chance) => withSubject(world, chance, nextGeneration(world, 1))],
  [
    'jump generations',
    (world, chance) => withSubject(world, chance, nextGeneration(world, 1 + chance.whole(5))),
  ],
  [
    'block',
    // Only users can be.
    (world, chance) =>
      withSubject(world, chance, (_, name) => ({ blocked: name.startsWith('usr-') })),
  ],
  ['unblock', (world, chance) => withSubject(world, chance, () => ({ blocked: false }))],
  [
    'unblock all',
    (world) => ({
      ...world,
      subjects: mapValues(world.subjects, (each) => ({ ...each, blocked: false })),
    }),
  ],
  [
    'forbid',
    (world, chance) => withSubject(world, chance, ({ forbidden }) => ({ forbidden: !forbidden })),
  ],
  [
    'allow all',
    (world) => ({
      ...world,
      subjects: mapValues(world.subjects, (each) => ({ ...each, forbidden: false })),
    }),
  ],
  ['revoke named', (world, chance) => withNamed(world, chance, true)],
  ['revoke named', (world, chance) => withNamed(world, chance, true)],
  ['restore named', (world, chance) => withNamed(world, chance, false)],
  [
    'delete named',
    (world, chance) => {
      const id = recent(chance, Object.keys(world.named))
      const { [id]: _, ...named } = world.named
      return { ...world, named }
    },
  ],
  [
    'delete a subject',
    (world, chance) => {
      const name = chance.pick(MOSTLY_ALICE)
      return withoutNamedOf(
        withOne(world, name, { exists: false, generation: 1, secret: 'lost', blocked: false }),
        name,
      )
    },
  ],
  [
    'make a subject anew',
    (world, chance) => {
      const name = chance.pick(MOSTLY_ALICE)
      const lives = world.lives + 1
      const anew = { exists: true, generation: 1, blocked: false, forbidden: false }
      return withoutNamedOf(
        withOne({ ...world, lives }, name, { ...anew, secret: secretOf(name, 1, lives) }),
        name,
      )
    },
  ],
  [
    'make all anew that are gone',
    (world) => ({
      ...world,
      lives: world.lives + 1,
      subjects: mapValues(world.subjects, (each, name) =>
        each.exists ? each : { ...each, exists: true, secret: secretOf(name, 1, world.lives + 1) },
      ),
    }),
  ],
]

/** What happens to everything else. */
export const WORLD_CHANGES: readonly WorldChange[] = [
  ['end session', (world) => ({ ...world, sessions: { s2: 'usr-bob' } })],
  ['begin session', (world) => ({ ...world, sessions: { s1: 'usr-alice', s2: 'usr-bob' } })],
  [
    'move an address',
    (world, chance) => ({
      ...world,
      places: {
        ...world.places,
        '10.0.0.1': chance.pick([
          { asn: 1, country: 'PL' },
          { asn: 2, country: 'DE' },
        ]),
      },
    }),
  ],
  [
    'move back',
    (world) => ({ ...world, places: { ...world.places, '10.0.0.1': { asn: 1, country: 'PL' } } }),
  ],
  [
    'group',
    (world, chance) => ({ ...world, members: chance.pick([[], ['usr-bob'], ['usr-bob']]) }),
  ],
  [
    'moon',
    (world, chance) => ({
      ...world,
      moon: chance.pick([[], ['10.0.0.1'], ['10.0.0.1', '10.0.1.6']]),
    }),
  ],
  ['revoke a record', (world, chance) => withLookup(world, chance, { revoked: true })],
  ['restore a record', (world, chance) => withLookup(world, chance, { revoked: false })],
  [
    'delete a secret',
    (world, chance) => {
      const secret = recent(chance, Object.keys(world.lookups))
      const record = world.lookups[secret]
      if (record === undefined) return world
      return { ...world, lookups: { ...world.lookups, [secret]: { ...record, isGone: true } } }
    },
  ],
]

function nextGeneration({ lives }: World, by: number) {
  return ({ generation, exists }: SubjectState, name: string): Partial<SubjectState> =>
    exists ? { generation: generation + by, secret: secretOf(name, generation + by, lives) } : {}
}

function withOne(world: World, name: string, next: Partial<SubjectState>): World {
  const subject = world.subjects[name]
  if (subject === undefined) return world
  return { ...world, subjects: { ...world.subjects, [name]: { ...subject, ...next } } }
}

function withoutNamedOf(world: World, name: string): World {
  const kept = Object.entries(world.named).filter(([, { owner }]) => owner !== name)
  return { ...world, named: Object.fromEntries(kept) }
}

/** All secrets of one record. */
function withLookup(world: World, chance: Random, next: { readonly revoked: boolean }): World {
  const id = world.lookups[recent(chance, Object.keys(world.lookups))]?.id
  return {
    ...world,
    lookups: mapValues(world.lookups, (each) => (each.id === id ? { ...each, ...next } : each)),
  }
}

function mapValues<Each>(
  from: Readonly<Record<string, Each>>,
  map: (each: Each, name: string) => Each,
): Record<string, Each> {
  return Object.fromEntries(Object.entries(from).map(([name, each]) => [name, map(each, name)]))
}
