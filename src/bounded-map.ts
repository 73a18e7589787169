import { LRUCache } from 'lru-cache'

/** A map that never grows beyond its bound: the entry that was used longest ago goes first. */
export interface BoundedMap<Value extends object> {
  get(key: string): Value | undefined
  /** The same, which does not count as a use. */
  peek(key: string): Value | undefined
  set(key: string, value: Value): unknown
  delete(key: string): boolean
  clear(): void
  values(): Iterable<Value>
  entries(): Iterable<[key: string, value: Value]>
  readonly size: number
}

/** Options of {@link createBoundedMap}. */
export interface BoundedMapOptions<Value> {
  /** In entries. */
  readonly max: number
  /** Told when an entry had to go because the map was full. */
  readonly onEviction?: ((value: Value) => void) | undefined
  /**
   * Whose an entry is. Where the map is full and an owner holds more than a hundredth of it, an old entry of the one
   * that holds most goes first: none pushes out more of what others have than its share.
   *
   * @default all entries are of one kind
   */
  readonly ownerOf?: ((value: Value) => string) | undefined
}

/** Makes an empty map. Adding, finding and evicting take the same time at any size. */
export function createBoundedMap<Value extends object>(
  options: BoundedMapOptions<Value>,
): BoundedMap<Value> {
  const { max, onEviction, ownerOf } = options
  if (ownerOf !== undefined) return createSharedMap(max, ownerOf, onEviction ?? (() => {}))
  if (onEviction === undefined) return new LRUCache(limitedTo(max))
  return new LRUCache({
    ...limitedTo(max),
    dispose: (value, _key, reason) => {
      if (reason === 'evict') onEviction(value)
    },
  })
}

/** A limit for which room is made as it is needed; with `max` the cache would take all of it at once. */
function limitedTo(entries: number): { maxSize: number; sizeCalculation: () => number } {
  return { maxSize: entries, sizeCalculation: () => 1 }
}

/** A part of the map that one owner may hold without being the first to lose an entry. */
const FAIR_SHARE = 0.01

/** So many of the entries that were used longest ago are looked at for one of whoever holds most. */
const NEAR_THE_END = 8

function createSharedMap<Value extends object>(
  max: number,
  ownerOf: (value: Value) => string,
  onEviction: (value: Value) => void,
): BoundedMap<Value> {
  const holdings = createHoldings(Math.ceil(max * FAIR_SHARE))
  const map = new LRUCache<string, Value>({
    ...limitedTo(max + 1), // the newest entry has come in before it is known which one has to go
    dispose: (value, key, reason) => {
      holdings.remove(ownerOf(value), key)
      if (reason === 'evict') onEviction(value)
    },
    onInsert: (value, key) => {
      holdings.add(ownerOf(value), key)
      if (map.size > max) makeRoom()
    },
  })

  function makeRoom(): void {
    const owner = holdings.largest()
    const key = owner === null ? null : (leastUsedOf(owner) ?? holdings.takeOldest(owner))
    const evicted = key === null ? undefined : map.peek(key)
    if (key === null || evicted === undefined) {
      map.pop()
      return
    }
    map.delete(key)
    onEviction(evicted)
  }

  function leastUsedOf(owner: string): string | null {
    let looked = 0
    for (const key of map.rkeys()) {
      const value = map.peek(key)
      if (value !== undefined && ownerOf(value) === owner) return key
      looked += 1
      if (looked === NEAR_THE_END) return null
    }
    return null
  }

  return map
}

interface Holding {
  readonly owner: string
  /** Held longest first. */
  readonly keys: Set<string>
  /** Reads the keys on from where it was: a set from whose front is taken is full of holes there. */
  front: Iterator<string> | null
  /** How many keys have gone by other ways since; an iterator keeps alive what a set leaves behind as it changes. */
  goneSince: number
}

/** Who holds how much. Each of its functions takes the same time, on average, however many owners there are. */
interface Holdings {
  add(owner: string, key: string): void
  remove(owner: string, key: string): void
  /** The owner that holds most; null where none holds more than its share. */
  largest(): string | null
  /** Takes the key that an owner holds longest. */
  takeOldest(owner: string): string | null
}

function createHoldings(share: number): Holdings {
  const holdings = new Map<string, Holding>()
  /** Holdings beyond the share, by their size. */
  const ranks = new Map<number, Set<Holding>>()
  let most = share

  /** A holding has one key more or less than before. */
  function rank(holding: Holding, before: number): void {
    const { size } = holding.keys
    const left = ranks.get(before)
    left?.delete(holding)
    if (left?.size === 0) ranks.delete(before)
    if (size > share) {
      const joined = ranks.get(size)
      if (joined === undefined) ranks.set(size, new Set([holding]))
      else joined.add(holding)
    }
    if (size > most || (before === most && !ranks.has(before))) most = Math.max(share, size)
  }

  function drop(holding: Holding, key: string): boolean {
    if (!holding.keys.delete(key)) return false
    rank(holding, holding.keys.size + 1)
    if (holding.keys.size === 0) holdings.delete(holding.owner)
    return true
  }

  return {
    add(owner, key) {
      let holding = holdings.get(owner)
      if (holding === undefined) {
        holding = { owner, keys: new Set(), front: null, goneSince: 0 }
        holdings.set(owner, holding)
      }
      const before = holding.keys.size
      holding.keys.add(key)
      if (holding.keys.size > before) rank(holding, before)
    },
    remove(owner, key) {
      const holding = holdings.get(owner)
      if (holding === undefined || !drop(holding, key)) return
      holding.goneSince += 1
      if (holding.goneSince >= holding.keys.size) holding.front = null
    },
    largest() {
      const [holding] = ranks.get(most) ?? []
      return holding?.owner ?? null
    },
    takeOldest(owner) {
      const holding = holdings.get(owner)
      if (holding === undefined) return null
      if (holding.front === null) {
        holding.front = holding.keys.values()
        holding.goneSince = 0
      }
      const { value, done } = holding.front.next()
      if (done === true) return null
      drop(holding, value)
      return value
    },
  }
}
