/** Numbers that follow from a seed, and nothing else does. */
export interface Random {
  /** From 0 up to 1, without it. */
  next(): number
  /** From 0 up to `below`, without it. */
  whole(below: number): number
  pick<Each>(from: readonly Each[]): Each
  chance(probability: number): boolean
  /** Begins anew from another seed, so that what is left out before does not change what comes after. */
  reseed(seed: number): void
}

/** Mulberry32 by Tommy Ettinger (public domain): 32 bits of state, good enough to wander through worlds. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    whole: (below) => Math.floor(next() * below),
    pick(from) {
      const picked = from[Math.floor(next() * from.length)]
      if (picked === undefined) throw new Error('There is nothing to pick from')
      return picked
    },
    chance: (probability) => next() < probability,
    reseed(other) {
      state = (Math.imul(other, 0x9e3779b1) ^ 0x85ebca6b) >>> 0
    },
  }
}
