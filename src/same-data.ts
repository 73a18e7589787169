import { isDeepStrictEqual } from 'node:util'

/**
 * Whether two values say the same, as `isDeepStrictEqual` has it, found out in a fraction of its time where they are
 * plain data: of thousands of routes each is compared at each reload.
 */
export function isSameData(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false
  }
  const kind: unknown = Object.getPrototypeOf(one)
  if (kind !== Object.getPrototypeOf(other)) return false
  if (Array.isArray(one) && Array.isArray(other)) return isSameList(one, other)
  if (kind !== Object.prototype) return isDeepStrictEqual(one, other)
  return isSameGroup(one as Group, other as Group)
}

type Group = Readonly<Record<string, unknown>>

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, at) => isSameData(item, other[at]))
}

function isSameGroup(one: Group, other: Group): boolean {
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  for (const name of names) {
    if (!Object.hasOwn(other, name) || !isSameData(one[name], other[name])) return false
  }
  return true
}
