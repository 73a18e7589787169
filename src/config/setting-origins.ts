/**
 * Where the settings of a configuration were given: in which line of which file, in which variable, by which flag.
 *
 * @module
 */

import { isJsonObject } from '../json.ts'
import type { GatewayConfig } from './gateway-config.ts'
import type { SettingPath } from './problems.ts'
import { formatPath } from './problems.ts'
import { listAt, type Written } from './written.ts'

/**
 * `FILE:LINE`, the name of a variable or that of a flag, by the name that a setting has in a `GatewayConfig`, e.g.
 * `routes[0].upstream.urls`: what is within it was given there, too. What is not here has its default.
 */
export type SettingOrigins = Readonly<Record<string, string>>

// Beside the configuration, not in it: where something stands says nothing of what it is, and must change nothing.
const known = new WeakMap<GatewayConfig, SettingOrigins>()

/** Where the settings of a configuration were given; null where `loadConfig` did not make this very one. */
export function originsOf(config: GatewayConfig): SettingOrigins | null {
  return known.get(config) ?? null
}

/** Notes where the settings of a configuration were given. */
export function withOrigins(config: GatewayConfig, origins: SettingOrigins): GatewayConfig {
  known.set(config, origins)
  return config
}

/** Finds out where each setting was given that was. */
export function findOrigins(
  written: Written,
  config: GatewayConfig,
  placeOf: (path: SettingPath) => { readonly source: string; readonly line?: number | undefined },
): SettingOrigins {
  const origins: Record<string, string> = {}
  for (const path of leavesOf(written, [])) {
    const { source, line } = placeOf(path)
    const origin = line === undefined ? source : `${source}:${line}`
    for (const completed of completedPaths(path, written, config)) {
      const name = nameIn(config, completed)
      if (name !== null) origins[name] ??= origin
    }
  }
  return origins
}

function* leavesOf(value: unknown, path: SettingPath): Generator<SettingPath, void> {
  if (Array.isArray(value) && value.length > 0) {
    for (const [index, item] of value.entries()) yield* leavesOf(item, [...path, index])
  } else if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, [...path, key])
  } else {
    yield path
  }
}

/** Where what was written in one place has come to stand. */
function completedPaths(path: SettingPath, written: Written, config: GatewayConfig): SettingPath[] {
  const [first, ...rest] = path
  if (first === 'onezone') return [['verifier', ...rest]]
  if (first !== 'upstream' && first !== 'credentials') return [path]
  // Of all routes, or of those that do not say it themselves.
  const routes = listAt(written, 'routes')
  return config.routes.flatMap((_, index) => {
    const route = routes[index]
    const says = first === 'credentials' && isJsonObject(route) && first in route
    return says ? [] : [['routes', index, ...path]]
  })
}

/** Names a setting as it is called in the configuration; null: nothing of it is left there. */
function nameIn(config: GatewayConfig, path: SettingPath): string | null {
  let value: unknown = config
  const named: (string | number)[] = []
  const enter = (key: string | number): void => {
    named.push(key)
    value = (value as Record<string | number, unknown>)[key]
  }
  for (const part of path) {
    // What a file holds stands where its name was given.
    if (typeof value !== 'object' || value === null) break
    if (typeof part === 'number' && 'urls' in value) enter('urls')
    const keys = [part, String(part).replace(/File(s?)$/, '$1')]
    const key = keys.find((each) => Object.hasOwn(value as object, each))
    if (key === undefined) return null
    enter(key)
  }
  // Written in short: it says one setting of the group.
  if (isJsonObject(value)) {
    const short = ['urls', 'shown'].find((each) => Object.hasOwn(value as object, each))
    if (short !== undefined) named.push(short)
  }
  return formatPath(named)
}
