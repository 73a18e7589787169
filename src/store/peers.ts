import { randomBytes } from 'node:crypto'

import { createBoundedMap } from '../bounded-map.ts'
import type { Clock, Schedule } from '../clock.ts'
import { createTokenBucket } from '../token-bucket.ts'
import type { StampedFact } from './fact.ts'
import { readFact, writeFact } from './fact.ts'
import type { Seal } from './seal.ts'
import { LONGEST_VALUE } from './seal.ts'

/** How many were told something, of how many that are there. */
export interface Told {
  readonly told: number
  readonly peers: number
}

/** Options of {@link joinPeers}. */
export interface PeersOptions {
  /** The first one seals, all are read. */
  readonly seals: readonly Seal[]
  /** Sends a message to all who listen, ourselves included. */
  readonly publish: (message: string) => void
  /** What messages are sealed for. */
  readonly channel: string
  readonly clock: Clock
  readonly schedule: Schedule
  /** Told of each fact that another one tells, and whom the name in it stands for by the seal that it is of. */
  readonly onFact: (name: string, fact: StampedFact, seal: Seal) => void
  /** Told of each message that was not read. */
  readonly onRejected: (reason: 'mac' | 'shape' | 'flood') => void
}

/** The other gateways that share the store. What is said here is heard at once, or never. */
export interface Peers {
  /** Takes a message of the channel. */
  hear(message: string): void
  /** Tells all; nobody waits. */
  tell(name: string, fact: StampedFact): void
  /** Tells all, and waits for a moment until all who are there have said that they did what follows from it. */
  tellAndWait(name: string, fact: StampedFact): Promise<Told>
  /** How many others were heard of late. */
  readonly count: number
  /** Whether our own words come back: then the others' do, too. */
  readonly hearing: boolean
  close(): void
}

const HELLO_MS = 5_000
/** Until our first word has come back. */
const FIRST_HELLO_MS = 250
/** Whoever has not been heard for so long is gone. */
const GONE_MS = 15_000
/** How long those who were told may take to say so. */
const ANSWER_MS = 5_000
/** More messages than so many a second are not read. */
const MOST_PER_SECOND = 1_000
const MOST_PEERS = 1_000
/** So many messages are remembered, lest one that is sent again be heard again. */
const REMEMBERED = 10_000

/** Begins to speak and to listen. */
export function joinPeers(options: PeersOptions): Peers {
  const { seals, publish, channel, clock, schedule, onFact, onRejected } = options
  const [own] = seals
  const self = randomBytes(8).toString('base64url')
  const lastHeard = createBoundedMap<{ atMs: number }>({ max: MOST_PEERS })
  const heard = createBoundedMap<object>({ max: REMEMBERED })
  const waiting = new Map<string, (peer: string) => void>()
  const bucket = createTokenBucket({
    capacity: MOST_PER_SECOND,
    perSecond: MOST_PER_SECOND,
    clock,
  })
  let ownHeardAtMs = -Infinity
  let said = 0
  let closed = false

  const say = (...words: readonly string[]): void => {
    if (own !== undefined && !closed) publish(own.close(channel, [self, ...words].join(' ')))
  }
  const nextId = (): string => {
    said += 1
    return `${self}.${said}`
  }
  const isHearing = (): boolean => clock.monotonic() - ownHeardAtMs < GONE_MS
  const present = (): string[] =>
    [...lastHeard.entries()]
      .filter(([, { atMs }]) => clock.monotonic() - atMs < GONE_MS)
      .map(([peer]) => peer)

  function greet(): void {
    cancel = schedule(isHearing() ? HELLO_MS : FIRST_HELLO_MS, greet)
    say('hello')
  }
  let cancel = schedule(FIRST_HELLO_MS, greet)

  /** What was said, and by the seal of which secret; null: it is none of ours. */
  function read(message: string): { readonly words: string; readonly seal: Seal } | null {
    let reason: 'mac' | 'shape' = 'shape'
    for (const seal of seals) {
      const words = seal.open(channel, message)
      if (typeof words === 'string') return { words, seal }
      reason = words.rejected
    }
    onRejected(reason)
    return null
  }

  function hear(message: string): void {
    if (message.length > LONGEST_VALUE) return onRejected('shape')
    if (bucket.take() > 0) return onRejected('flood')
    const said = read(message)
    if (said === null) return
    const [from = '', what = '', ...rest] = said.words.split(' ')
    if (from === self) {
      ownHeardAtMs = clock.monotonic()
      return
    }
    const isNew = lastHeard.get(from) === undefined
    lastHeard.set(from, { atMs: clock.monotonic() })
    if (isNew) say('hello')
    if (what === 'heard') {
      waiting.get(rest[0] ?? '')?.(from)
    } else if (what === 'fact') {
      takeFact(rest, said.seal)
    }
  }

  function takeFact([id = '', name = '', ...words]: readonly string[], seal: Seal): void {
    if (heard.get(id) !== undefined) return
    heard.set(id, {})
    const fact = readFact(words.join(' '))
    if (fact === null) return onRejected('shape')
    onFact(name, fact, seal)
    if (fact.fact.kind === 'invalidated' || fact.fact.kind === 'withdrawn') say('heard', id)
  }

  return {
    hear,
    tell: (name, fact) => say('fact', nextId(), name, writeFact(fact)),
    tellAndWait(name, fact) {
      const missing = new Set(present())
      const peers = missing.size
      const id = nextId()
      return new Promise((resolve) => {
        const settle = (): void => {
          cancelWait()
          waiting.delete(id)
          resolve({ told: peers - missing.size, peers })
        }
        const cancelWait = schedule(peers === 0 ? 0 : ANSWER_MS, settle)
        waiting.set(id, (peer) => {
          missing.delete(peer)
          if (missing.size === 0) settle()
        })
        say('fact', id, name, writeFact(fact))
      })
    },
    get count() {
      return present().length
    },
    get hearing() {
      return isHearing()
    },
    close() {
      closed = true
      cancel()
    },
  }
}
