import { LRUCache } from 'lru-cache'

/** A map that never grows beyond its bound: the entry that was used longest ago goes first. */
export interface BoundedMap<Value extends object> {
  get(key: string): Value | undefined
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
}

/** Makes an empty map. Adding, finding and evicting take the same time at any size. */
export function createBoundedMap<Value extends object>(
  options: BoundedMapOptions<Value>,
): BoundedMap<Value> {
  const { max, onEviction } = options
  if (onEviction === undefined) return new LRUCache({ max })
  return new LRUCache({
    max,
    dispose: (value, _key, reason) => {
      if (reason === 'evict') onEviction(value)
    },
  })
}
