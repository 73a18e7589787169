import type { LookupAddress } from 'node:dns'
import { ADDRCONFIG, promises as dns } from 'node:dns'
import type { LookupFunction } from 'node:net'

import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'

/** Options of {@link createNameLookup}. */
export interface NameLookupOptions {
  /**
   * How many names may be looked up at a time. Node does that in four threads, which it reads files in, too, and one
   * that is not answered takes its thread for many seconds.
   *
   * @default 2
   */
  readonly maxInFlight?: number | undefined
  /** Looks up a name. @default as the system does */
  readonly resolve?: ((name: string) => Promise<readonly LookupAddress[]>) | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/** For how long what was found is taken for what would be found, and that nothing was. */
const FRESH_MS = 5_000
const FAILED_MS = 1_000

/** For how long the last good addresses serve where nothing is found any more. */
const LAST_GOOD_MS = 60_000

/** How long a connection waits for fresh addresses where there are good ones. */
const PATIENCE_MS = 100

/** How many names are remembered. */
const MOST_NAMES = 1_000

interface KnownName {
  addresses: readonly LookupAddress[]
  foundAtMs: number
  failedAtMs: number
  error: Error | null
  inFlight: Promise<void> | null
  /** Whose turn it is to be the first. */
  turn: number
}

/**
 * Makes the look-up of names for connections: one at a time for each name, remembered for some seconds, and its
 * addresses take turns. Where a look-up fails, the last good addresses go on serving for a minute.
 */
export function createNameLookup(options: NameLookupOptions = {}): LookupFunction {
  const { maxInFlight = 2, resolve = resolveBySystem, clock = systemClock } = options
  const names = new Map<string, KnownName>()
  const waiting: (() => void)[] = []
  let inFlight = 0

  async function enter(): Promise<void> {
    if (inFlight >= maxInFlight) await new Promise<void>((begin) => waiting.push(begin))
    else inFlight++
  }

  /** Whoever waits takes the place over. */
  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) inFlight--
    else next()
  }

  async function refresh(name: string, known: KnownName): Promise<void> {
    await enter()
    try {
      const addresses = await resolve(name)
      if (addresses.length === 0) throw notFound(name)
      Object.assign(known, { addresses, foundAtMs: clock.monotonic(), error: null })
    } catch (error) {
      Object.assign(known, { error, failedAtMs: clock.monotonic() })
    } finally {
      known.inFlight = null
      leave()
    }
  }

  async function addressesOf(name: string): Promise<KnownName> {
    const known = names.get(name) ?? remember(names, name)
    const isWithin = (atMs: number, ms: number): boolean => clock.monotonic() - atMs < ms
    const hasGood = (): boolean => isWithin(known.foundAtMs, LAST_GOOD_MS)
    if (isWithin(known.foundAtMs, FRESH_MS)) return known
    if (!isWithin(known.failedAtMs, FAILED_MS)) {
      known.inFlight ??= refresh(name, known)
      await (hasGood() ? Promise.race([known.inFlight, patience()]) : known.inFlight)
    }
    if (hasGood()) return known
    throw known.error ?? notFound(name)
  }

  return function lookup(name, { family, all }, callback) {
    addressesOf(name).then(
      (known) => {
        const fitting = known.addresses.filter((each) => fits(each, family))
        const [first] = fitting
        if (first === undefined) return callback(notFound(name), '')
        known.turn++
        const at = known.turn % fitting.length
        const turned = [...fitting.slice(at), ...fitting.slice(0, at)]
        if (all === true) callback(null, turned)
        else callback(null, turned[0]?.address ?? first.address, turned[0]?.family ?? first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}

function remember(names: Map<string, KnownName>, name: string): KnownName {
  if (names.size >= MOST_NAMES) names.clear()
  const known = {
    addresses: [],
    foundAtMs: -Infinity,
    failedAtMs: -Infinity,
    error: null,
    inFlight: null,
    turn: -1,
  }
  names.set(name, known)
  return known
}

function fits({ family }: LookupAddress, wanted: number | string | undefined): boolean {
  switch (wanted) {
    case 4:
    case 'IPv4':
      return family === 4
    case 6:
    case 'IPv6':
      return family === 6
    default:
      return true
  }
}

function resolveBySystem(name: string): Promise<readonly LookupAddress[]> {
  return dns.lookup(name, { all: true, hints: ADDRCONFIG })
}

function notFound(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
}

function patience(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
}
