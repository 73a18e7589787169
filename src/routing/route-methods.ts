import { METHODS } from 'node:http'

import { isCarried } from './request-record.ts'

const CARRIED: ReadonlySet<string> = new Set(METHODS.filter(isCarried))

/**
 * Checks a method of a route.
 *
 * @throws {TypeError} for one that never comes here.
 */
export function parseRouteMethod(text: string): string {
  if (CARRIED.has(text)) return text
  const upper = text.toUpperCase()
  if (CARRIED.has(upper)) throw new TypeError(`must be written in capital letters: ${upper}`)
  throw new TypeError('must be a method that the gateway carries, e.g. GET')
}

/** The methods that a route takes: `GET` brings `HEAD` with it (RFC 9110 §9.3.2). */
export function withHead(methods: readonly string[]): string[] {
  const all = new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))
  return [...all]
}

/** Whether every method that `later` takes is one of `earlier`; undefined stands for all. */
export function coversMethods(
  earlier: readonly string[] | undefined,
  later: readonly string[] | undefined,
): boolean {
  if (earlier === undefined) return true
  if (later === undefined) return false
  const taken = withHead(earlier)
  return withHead(later).every((method) => taken.includes(method))
}
