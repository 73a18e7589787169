import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import type { Sliced } from '../slices.ts'
import type { GatewayConfig } from './gateway-config.ts'

/** Stands in place of each secret. */
const HIDDEN = '•••'

/** Names of settings whose text is a secret, wherever they stand. */
const SECRET = /(?:token|secret|password|passphrase|credentials?|key|keys)$/i

/** Settings whose names sound like secrets, and whose words are none. */
const WORDS: ReadonlySet<unknown> = new Set(['none', 'access', 'identity', 'invite', ''])

/** What is a secret whatever its setting is called: PEM of a private key, a token of Onedata or of a look-up API. */
const SECRET_TEXT =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|^(?:op[wp]-)?MDA\w{40,}$|^[dD][tT]0[a-zA-Z]\d{2}\.\w+\.\w{32,}$/

/**
 * A configuration as it may be shown, in slices: secrets are `•••`, certificates are named and not printed, and what is
 * not set is left out. Rather too much is hidden than too little.
 */
export function* shownConfig({ routes, ...rest }: GatewayConfig): Sliced<JsonObject> {
  const shown = shownOf(rest, '')
  const shownRoutes: unknown[] = []
  for (const route of routes) {
    yield
    shownRoutes.push(shownOf(route, 'routes'))
  }
  return { ...(isJsonObject(shown) ? shown : {}), routes: shownRoutes }
}

function shownOf(value: unknown, name: string): unknown {
  if (typeof value === 'string') return shownText(value, name)
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return HIDDEN
  if (Array.isArray(value)) return value.map((item) => shownOf(item, name))
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.map(([key, inner]) => [key, shownOf(inner, key)]))
}

function shownText(text: string, name: string): string {
  if (SECRET_TEXT.test(text)) return HIDDEN
  if (SECRET.test(name) && !WORDS.has(text)) return HIDDEN
  if (text.includes('-----BEGIN CERTIFICATE-----')) return 'certificates (PEM)'
  if (!text.includes('@') || !URL.canParse(text)) return text
  const url = new URL(text)
  if (url.username === '' && url.password === '') return text
  url.username = url.password = HIDDEN
  return url.href.replaceAll(encodeURIComponent(HIDDEN), HIDDEN)
}
