/**
 * What is laid over a configuration file: environment variables, then flags. Which variables there are, and what they
 * hold, the schema says.
 *
 * @module
 */

import { z } from 'zod'
import { isJsonObject } from '../json.ts'
import { suggest } from '../suggestion.ts'
import type { Finding, SettingPath } from './problems.ts'
import { configSchema } from './schema.ts'

/** Settings that can be given as flags, under the names that commands use. */
export interface ConfigFlags {
  readonly listen?: string | undefined
  readonly adminListen?: string | undefined
  readonly onezoneUrl?: string | undefined
  /** A number, or `auto`. */
  readonly workers?: string | undefined
  readonly upstream?: string | undefined
  /** One entry per use of the flag. */
  readonly trustedProxies?: readonly string[] | undefined
  readonly logLevel?: string | undefined
}

/** One setting given outside of the file. */
export interface Overlay {
  readonly path: readonly string[]
  readonly value: unknown
  /** Name of the variable or flag. */
  readonly source: string
}

/** A setting that can be given as one text. */
interface TextSetting {
  readonly path: readonly string[]
  readonly kind: 'text' | 'number' | 'toggle' | 'list'
}

/** Flags of settings, as `[property, flag, ...path]`. */
const FLAGS: readonly (readonly [keyof ConfigFlags, string, ...string[]])[] = [
  ['listen', '--listen', 'listen'],
  ['adminListen', '--admin-listen', 'adminListen'],
  ['workers', '--workers', 'workers'],
  ['onezoneUrl', '--onezone-url', 'onezone', 'url'],
  ['trustedProxies', '--trusted-proxy', 'trustedProxies'],
  ['upstream', '--upstream', 'upstream'],
  ['logLevel', '--log-level', 'log', 'level'],
]

/** All of them: whatever is neither a group nor a list of groups. A new setting of the schema is among them. */
const SETTINGS: readonly TextSetting[] = textSettings(configSchema, [])

function textSettings(schema: unknown, path: readonly string[]): TextSetting[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return textSettings(schema.unwrap(), path)
  }
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, inner]) =>
      textSettings(inner, [...path, key]),
    )
  }
  if (schema instanceof z.ZodArray) {
    return schema.element instanceof z.ZodObject ? [] : [{ path, kind: 'list' }]
  }
  if (schema instanceof z.ZodBoolean) return [{ path, kind: 'toggle' }]
  // A custom one is a number or a word.
  const isNumber = schema instanceof z.ZodNumber || schema instanceof z.ZodCustom
  return [{ path, kind: isNumber ? 'number' : 'text' }]
}

/** Every environment variable that is understood, in the order of the schema. */
export const ENVIRONMENT_VARIABLES: readonly string[] = SETTINGS.map(({ path }) => variableOf(path))

/** Variables that the commands which act at a Onezone read: whoever has set them may start a gateway all the same. */
const OF_COMMANDS: readonly string[] = ['ONEGATE_AUTH_FILE', 'ONEGATE_PROFILE', 'ONEGATE_ADMIN']

/** `['verdicts', 'maxStalenessMs']` → `ONEGATE_VERDICTS_MAX_STALENESS_MS` */
export function variableOf(path: readonly string[]): string {
  const words = path.map((key) => key.replace(/[A-Z]/g, '_$&'))
  return `ONEGATE_${words.join('_').toUpperCase()}`
}

/** How a setting can be given, for messages about one that is missing. */
export function waysToGive(path: SettingPath): string {
  const setting = SETTINGS.find((candidate) => isAt(candidate.path, path))
  if (setting === undefined) return ''
  const flag = FLAGS.find(([, , ...flagged]) => isAt(flagged, path))?.[1]
  return [flag, variableOf(setting.path)].filter((way) => way !== undefined).join(' or ')
}

function isAt(path: SettingPath, other: SettingPath): boolean {
  return path.join('.') === other.join('.')
}

/** Reads the `ONEGATE_…` variables. Empty ones count as absent; unknown ones are findings. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  overlays: Overlay[]
  findings: (Finding & { source: string })[]
} {
  const quoted: (Finding & { source: string })[] = []
  const overlays = SETTINGS.flatMap(({ path, kind }) => {
    const source = variableOf(path)
    // What a file or a shell has left at its end.
    const value = env[source]?.trim()
    if (value !== undefined && /^(["']).*\1$/.test(value)) {
      quoted.push({
        path: [],
        message: 'has quotes around its value, which are part of it; remove them',
        source,
      })
      return []
    }
    return value ? [{ path, value: valueOf(kind, value), source }] : []
  })
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith('ONEGATE_') && !ENVIRONMENT_VARIABLES.includes(name))
    .filter((name) => !isServiceLink(name) && !OF_COMMANDS.includes(name))
    .map((name) => {
      const suggestion = suggest(name, ENVIRONMENT_VARIABLES)
      const hint = suggestion === undefined ? 'remove it' : `did you mean ${suggestion}?`
      return { path: [], message: `is not a variable of onegate; ${hint}`, source: name }
    })
  return { overlays, findings: [...quoted, ...unknown] }
}

/** Turns flags into overlays. */
export function readFlags(flags: ConfigFlags): Overlay[] {
  return FLAGS.flatMap(([property, source, ...path]) => {
    const value = flags[property]
    if (value === undefined) return []
    const kind = SETTINGS.find((setting) => isAt(setting.path, path))?.kind ?? 'text'
    return [{ path, value: typeof value === 'string' ? valueOf(kind, value) : value, source }]
  })
}

/**
 * Lays overlays over the value of a file; later ones win. A group that is no group is left for the schema to refuse.
 */
export function applyOverlays(value: unknown, overlays: readonly Overlay[]): unknown {
  return overlays.reduce((laid, overlay) => lay(laid, overlay.path, overlay.value), value)
}

function lay(value: unknown, [key, ...deeper]: readonly string[], given: unknown): unknown {
  if (key === undefined) return given
  return isJsonObject(value) ? { ...value, [key]: lay(value[key] ?? {}, deeper, given) } : value
}

/** Kubernetes and Docker tell every container about services: one called `onegate` must not break its own gateway. */
function isServiceLink(name: string): boolean {
  return /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/.test(
    name,
  )
}

/** Text that is no number or toggle stays text: the schema then says what it wants. */
function valueOf(kind: TextSetting['kind'], text: string): unknown {
  if (kind === 'number' && /^-?\d+$/.test(text)) return Number(text)
  if (kind === 'toggle' && (text === 'true' || text === 'false')) return text === 'true'
  if (kind === 'list') return text.split(',').map((entry) => entry.trim())
  return text
}
