import type { Clock, Schedule } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { FamilyRef, Subject } from '../token/index.ts'
import type { Fact } from './fact.ts'
import { writeFact } from './fact.ts'
import type { StoreEvent } from './guarded-store.ts'
import { guardStore } from './guarded-store.ts'
import type { Finding, Rejection, Secret } from './look.ts'
import { createLook } from './look.ts'
import type { Named } from './names.ts'
import { createNames } from './names.ts'
import type { Told } from './peers.ts'
import { joinPeers } from './peers.ts'
import type { Seal } from './seal.ts'
import { createSeal } from './seal.ts'
import type { OpenStore } from './store.ts'
import type { Age, Stamp } from './store-time.ts'
import { createStoreTime } from './store-time.ts'
import { createTakenBack } from './taken-back.ts'

/** Options of {@link openSharedKnowledge}. */
export interface SharedKnowledgeOptions {
  readonly open: OpenStore
  /** The first one seals what is written, all are read. */
  readonly secrets: readonly string[]
  /** Whom those who share ask, and as whom. */
  readonly context: readonly string[]
  readonly prefix: string
  readonly deadlineMs: number
  /** How long facts that end with the bound on staleness are kept, in milliseconds. */
  readonly maxStalenessMs: number
  /** How many families are known by their names, and as many subjects. */
  readonly maxFamilies: number
  readonly clock: Clock
  readonly schedule: Schedule
  readonly random: () => number
  readonly logger: Logger
  /** Told of what another one says; `age` null: how old it is cannot be told. */
  readonly onNews: (news: News) => void
  /** Told of each operation at the store. Must not throw. */
  readonly onEvent: (event: StoreEvent) => void
  readonly onRejected: (reason: Rejection) => void
}

/** Something that was heard, and whom it is about: all, one, or whose fingerprint has this name. */
export interface News extends Finding {
  readonly about: Named | 'all' | { readonly isFingerprint: (fingerprint: string) => boolean }
}

/** What operators see of it. */
export interface StoreState {
  readonly up: boolean
  /** Whether what others say is heard. */
  readonly subscriptionUp: boolean
  readonly peers: number
  readonly disagreementMs: number
}

/** What several gateways know, in one store. Every call may tell or bring nothing, and none ever fails. */
export interface SharedKnowledge {
  /** All that is in the store about a token, its family and its subject. */
  look(ref: FamilyRef, subject: Subject, proofKey: string): Promise<readonly Finding[]>
  /** The stamp that a moment would have; null: the store's clock is not known. */
  stampOf(atMs: number): Stamp | null
  /** Somebody of the family was accepted here: from now on others can be heard of it. */
  acquaint(ref: FamilyRef, subject: Subject): void
  /** Writes down what was answered to a question sent at that moment about a token of the family. */
  tellGranted(grant: SharedGrant): void
  /** A token that was accepted must be proven anew. */
  tellWithdrawn(ref: FamilyRef, proofKey: string, askedAtMs: number): void
  /** Writes a death down, and says so to all unless it is none that anybody could not know. */
  tellOfFamily(ref: FamilyRef, fact: Fact, askedAtMs: number, isNews: boolean): void
  tellOfSubject(subject: Subject, fact: Fact, askedAtMs: number, isNews: boolean): void
  /** An operator wants nothing to count that was asked until now, here or elsewhere. */
  tellInvalidated(
    about: FamilyRef | Subject | 'all' | { readonly fingerprint: string },
  ): Promise<Told>
  readonly state: StoreState
  close(): Promise<void>
}

/** What a yes tells that is shared. */
export interface SharedGrant {
  readonly ref: FamilyRef
  readonly subject: Subject
  readonly askedAtMs: number
  readonly served: boolean
  /** Null: the token itself is not shared. */
  readonly proof: {
    readonly key: string
    readonly fact: Fact & { readonly kind: 'proven' }
    readonly ttlMs: number
  } | null
}

const SAMPLE_MS = 1_000
/** Deaths and invalidations are kept for longer than any fact that they end. */
const GRACE_MS = 5_000
/** That a generation is over is believed for a minute (`revocation/generations.ts`). */
const GENERATION_MS = 60_000
/** No proof is kept for longer, nor what takes all of them back. */
export const LONGEST_PROOF_MS = 86_400_000
const ALL = '*'

/** Opens the store and begins to listen. */
export function openSharedKnowledge(options: SharedKnowledgeOptions): SharedKnowledge {
  const { prefix, clock, schedule, maxStalenessMs, maxFamilies, onNews, onRejected } = options
  const { secrets, context } = options
  const store = options.open()
  const guard = guardStore(store, options)
  const time = createStoreTime(clock)
  const seals = secrets.map((secret): Secret => {
    const seal = createSeal({ secret, context })
    return { seal, names: createNames(seal, maxFamilies) }
  })
  const [own] = seals
  if (own === undefined) throw new TypeError('"store.secret" must be given')
  const { seal, names } = own
  const world = seal.nameOf('all', '')
  const channel = `${prefix}ev:${world}`
  const deathMs = maxStalenessMs + GRACE_MS
  const takenBack = createTakenBack()
  let closed = false

  const peers = joinPeers({
    seals: seals.map((each) => each.seal),
    publish: (message) =>
      void guard.run('publish', async (to) => ({ done: await to.publish(channel, message) })),
    channel,
    clock,
    schedule,
    onFact(name, { fact, stamp }, by) {
      if (fact.kind === 'invalidated') noteInvalidated(name, by)
      const about = holderOf(name, by)
      if (about !== null)
        onNews({ about, fact, stamp, age: ageOf(stamp), isOfAll: about === 'all' })
    },
    onRejected,
  })

  function holderOf(name: string, by: Seal): News['about'] | null {
    if (name === ALL) return 'all'
    if (name.startsWith('f')) {
      return { isFingerprint: (text) => by.nameOf('fingerprint', text) === name.slice(1) }
    }
    return seals.find((each) => each.seal === by)?.names.find(name.slice(1)) ?? null
  }

  /** Nothing counts that was asked until it was heard that it was taken back, whether or not it was known here. */
  function noteInvalidated(name: string, by: Seal): void {
    takenBack.note(at(name === ALL ? by.nameOf('all', '') : name.slice(1), 'i'), clock.monotonic())
  }

  async function sample(): Promise<void> {
    cancelSample()
    if (!closed) cancelSample = schedule(SAMPLE_MS, () => void sample())
    const sentAtMs = clock.monotonic()
    const told = await guard.run('time', async (from) => ({ storeMs: await from.time() }))
    if (told !== null) time.observe({ ...told, sentAtMs, heardAtMs: clock.monotonic() })
  }
  // Before, when there is a connection.
  let cancelSample = schedule(SAMPLE_MS, () => void sample())
  store.onConnect(() => {
    time.connected()
    guard.connected()
    void sample()
  })
  store.subscribe(channel, (message) => peers.hear(message))

  function ageOf(stamp: Stamp): Age | null {
    const age = time.ageOf(stamp)
    if (age === null) onRejected('clock')
    return age
  }

  function set(name: string, fact: Fact, askedAtMs: number, ttlMs: number): Entry | null {
    const stamp = time.stampOf(askedAtMs)
    if (stamp === null || ttlMs < 1) return null
    return { name, value: seal.close(name, writeFact({ fact, stamp })), ttlMs: Math.ceil(ttlMs) }
  }

  function write(...entries: readonly (Entry | null)[]): void {
    const given = entries.filter((entry) => entry !== null)
    if (given.length === 0) return
    void guard.run('tell', (to) =>
      Promise.all(given.map(({ name, value, ttlMs }) => to.set(name, value, ttlMs))),
    )
  }

  /** Whoever does not know the store's clock can speak all the same: then nobody can tell how old that is. */
  function eventStampOf(atMs: number): Stamp {
    const wallMs = Math.floor(clock.now() - (clock.monotonic() - atMs))
    return time.stampOf(atMs) ?? { storeMs: 0, wallMs }
  }

  function announce(name: string, fact: Fact, askedAtMs: number): void {
    peers.tell(name, { fact, stamp: eventStampOf(askedAtMs) })
  }

  const at = (name: string, ...rest: readonly string[]): string =>
    `${prefix}{${name}}:${rest.join(':')}`
  const allName = at(world, 'i')
  const lookInto = createLook({
    secrets: seals,
    at,
    takenBack,
    stampOf: eventStampOf,
    ageOf,
    onRejected,
  })

  return {
    async look(ref, subject, proofKey) {
      const found = await guard.run(
        'look',
        (from) => lookInto(from, ref, subject, proofKey),
        ({ isHit }) => (isHit ? 'hit' : 'miss'),
      )
      return found?.read() ?? []
    },
    stampOf: (atMs) => time.stampOf(atMs),
    acquaint(ref, subject) {
      for (const each of seals) each.names.of(ref, subject)
    },
    tellGranted({ ref, subject, askedAtMs, served, proof }) {
      const { family } = names.of(ref, subject)
      const proofName = proof === null ? '' : at(family, 'p', seal.nameOf('proof', proof.key))
      write(
        set(at(family, 'a'), { kind: 'alive', served }, askedAtMs, maxStalenessMs),
        proof && set(proofName, proof.fact, askedAtMs, Math.min(proof.ttlMs, LONGEST_PROOF_MS)),
      )
    },
    tellWithdrawn(ref, proofKey, askedAtMs) {
      const name = at(names.familyName(ref), 'p', seal.nameOf('proof', proofKey))
      takenBack.note(name, askedAtMs)
      write(set(name, { kind: 'withdrawn' }, askedAtMs, LONGEST_PROOF_MS))
    },
    tellOfFamily(ref, fact, askedAtMs, isNews) {
      const family = names.familyName(ref)
      write(set(at(family, 'd'), fact, askedAtMs, deathMs))
      if (isNews) announce(`n${family}`, fact, askedAtMs)
    },
    tellOfSubject(subject, fact, askedAtMs, isNews) {
      const name = names.subjectName(subject)
      const isBlocked = fact.kind === 'blocked'
      const ttlMs = isBlocked ? deathMs : Math.max(deathMs, GENERATION_MS + GRACE_MS)
      write(set(at(name, isBlocked ? 'b' : 's'), fact, askedAtMs, ttlMs))
      if (isNews) announce(`n${name}`, fact, askedAtMs)
    },
    async tellInvalidated(about) {
      const nowMs = clock.monotonic()
      const stamp = eventStampOf(nowMs)
      const fact: Fact = { kind: 'invalidated' }
      if (about === 'all') {
        takenBack.note(allName, nowMs)
        write(set(allName, fact, nowMs, LONGEST_PROOF_MS + GRACE_MS))
        return peers.tellAndWait(ALL, { fact, stamp })
      }
      if ('fingerprint' in about) {
        const name = `f${seal.nameOf('fingerprint', about.fingerprint)}`
        return peers.tellAndWait(name, { fact: { kind: 'withdrawn' }, stamp })
      }
      const name = 'kind' in about ? names.familyName(about) : names.subjectName(about)
      takenBack.note(at(name, 'i'), nowMs)
      write(set(at(name, 'i'), fact, nowMs, deathMs))
      return peers.tellAndWait(`n${name}`, { fact, stamp })
    },
    get state() {
      return {
        up: guard.up,
        subscriptionUp: peers.hearing,
        peers: peers.count,
        disagreementMs: time.disagreementMs,
      }
    },
    close() {
      closed = true
      cancelSample()
      peers.close()
      return store.close()
    },
  }
}

interface Entry {
  readonly name: string
  readonly value: string
  readonly ttlMs: number
}
