import { onlyValue } from '../authenticator/index.ts'
import { withHead } from '../routing/index.ts'
import type { Incoming } from '../listener/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { FLAG, listOf, NUMBER, TEXT } from '../option-shape.ts'
import { addVary } from './vary.ts'

/** Which pages of other origins may use a route (Fetch, §3.2). */
export interface CorsOptions {
  /** Origins as browsers write them, e.g. `https://app.example.org`; or `*` for any, only without `credentials`. */
  readonly origins: readonly string[]
  /** Methods that they may use. @default those of the route, else GET, HEAD, POST, PUT, PATCH, DELETE */
  readonly methods?: readonly string[] | undefined
  /** Header fields that they may send. @default those that carry a token here, and Content-Type */
  readonly headers?: readonly string[] | undefined
  /** Header fields of answers that they may read, beside those that any may. @default [] */
  readonly exposeHeaders?: readonly string[] | undefined
  /** Whether browsers may send what they keep by themselves: cookies, and passwords of Basic. @default false */
  readonly credentials?: boolean | undefined
  /** How long browsers may remember what they may do, in seconds, 0 to 86_400. @default 600 */
  readonly maxAgeSeconds?: number | undefined
}

/** What they are checked by. */
export const CORS_OPTIONS: OptionShape<CorsOptions> = {
  origins: listOf('origins', TEXT),
  methods: listOf('methods', TEXT),
  headers: listOf('names of header fields', TEXT),
  exposeHeaders: listOf('names of header fields', TEXT),
  credentials: FLAG,
  maxAgeSeconds: NUMBER,
}

/** What is used where an option is left out. */
export const CORS_DEFAULTS = { credentials: false, maxAgeSeconds: 600 } as const

/** The least and the most that browsers may be told to remember, in seconds. */
export const CORS_MAX_AGE_RANGE = [0, 86_400] as const

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Fields of refusals that a page needs to make sense of them. */
const OF_REFUSALS = ['WWW-Authenticate', 'Retry-After', 'X-Request-Id']

/** What is said to pages of other origins. */
export interface CorsPolicy {
  /** Fields of the answer to a preflight request. */
  preflightFields(incoming: Incoming): string[]
  /** Fields of a refusal. */
  refusalFields(incoming: Incoming): string[]
  /** States the policy in the fields of an upstream's answer, in place of what that says itself. */
  apply(fields: string[], incoming: Incoming): void
}

/** What of a route the policy depends on. */
export interface CorsRoute {
  readonly methods?: readonly string[] | undefined
  /** Names of the fields that carry a token. */
  readonly credentialFields: readonly string[]
}

/**
 * Makes the policy of a route.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createCorsPolicy(options: CorsOptions, route: CorsRoute): CorsPolicy {
  const { maxAgeSeconds = CORS_DEFAULTS.maxAgeSeconds, exposeHeaders = [] } = options
  const { credentials = CORS_DEFAULTS.credentials } = options
  const origins = new Set(options.origins.map(parseOrigin))
  const anyOrigin = origins.has('*')
  const problem = problemOfOrigins(options.origins, credentials)
  if (problem !== null) throw new TypeError(`"origins" ${problem}`)
  const methods = options.methods ?? (route.methods && withHead(route.methods)) ?? METHODS
  const headers = options.headers ?? [...route.credentialFields, 'Content-Type']
  for (const name of [...methods, ...headers, ...exposeHeaders]) parseCorsName(name)
  const [least, most] = CORS_MAX_AGE_RANGE
  if (!Number.isInteger(maxAgeSeconds) || maxAgeSeconds < least || maxAgeSeconds > most) {
    throw new TypeError(`"maxAgeSeconds" must be a whole number from ${least} to ${most}`)
  }

  /** Empty where a page may not read the answer. */
  const allowance = (incoming: Incoming): string[] => {
    const origin = onlyValue(incoming.rawHeaders, 'origin')
    if (origin === null || !(anyOrigin || origins.has(origin))) return []
    return [
      'Access-Control-Allow-Origin',
      anyOrigin ? '*' : origin,
      ...(credentials ? ['Access-Control-Allow-Credentials', 'true'] : []),
    ]
  }
  const exposing = (names: readonly string[]): string[] =>
    names.length === 0 ? [] : ['Access-Control-Expose-Headers', names.join(', ')]
  const preflight = [
    'Access-Control-Allow-Methods',
    methods.join(', '),
    ...(headers.length === 0 ? [] : ['Access-Control-Allow-Headers', headers.join(', ')]),
    'Access-Control-Max-Age',
    String(maxAgeSeconds),
  ]
  const ofAnswers = exposing(exposeHeaders)
  const ofRefusals = exposing([...new Set([...OF_REFUSALS, ...exposeHeaders])])

  return {
    preflightFields(incoming) {
      const allowed = allowance(incoming)
      return [
        ...allowed,
        ...(allowed.length === 0 ? [] : preflight),
        'Vary',
        'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      ]
    },
    refusalFields(incoming) {
      const allowed = allowance(incoming)
      return [...allowed, ...(allowed.length === 0 ? [] : ofRefusals), 'Vary', 'Origin']
    },
    apply(fields, incoming) {
      let kept = 0
      for (let i = 0; i + 1 < fields.length; i += 2) {
        const name = fields[i] ?? ''
        if (/^access-control-/i.test(name)) continue
        fields[kept++] = name
        fields[kept++] = fields[i + 1] ?? ''
      }
      fields.length = kept
      const allowed = allowance(incoming)
      fields.push(...allowed, ...(allowed.length === 0 ? [] : ofAnswers))
      addVary(fields, 'Origin')
    },
  }
}

/** The method that a preflight request asks about (Fetch, §3.2.2); null: it is none. */
export function preflightedMethod(incoming: Incoming): string | null {
  if (incoming.method !== 'OPTIONS' || onlyValue(incoming.rawHeaders, 'origin') === null)
    return null
  return onlyValue(incoming.rawHeaders, 'access-control-request-method')
}

/**
 * Checks an origin.
 *
 * @returns The origin itself.
 * @throws {TypeError} for what no browser would send as `Origin`.
 */
export function parseOrigin(text: string): string {
  if (text === '*') return text
  if (/^https?:/i.test(text)) {
    const meant = URL.canParse(text) ? new URL(text).origin : null
    if (meant === text) return text
    const hint = meant === null ? 'e.g. https://app.example.org' : `here ${meant}`
    throw new TypeError(`must be an origin as browsers write it, without a path: ${hint}`)
  }
  if (/^[a-z][a-z0-9+.-]*:\/\/[!-)+-.0-~]+$/.test(text)) return text
  throw new TypeError('must be an origin, e.g. https://app.example.org, or "*" for any')
}

/**
 * Checks a name in one of the lists.
 *
 * @throws {TypeError} for what is no token (RFC 9110 §5.6.2).
 */
export function parseCorsName(text: string): string {
  if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(text)) return text
  throw new TypeError('must be one name, without spaces or commas')
}

/** What is wrong with a list of origins; null: nothing. */
export function problemOfOrigins(origins: readonly unknown[], credentials: unknown): string | null {
  if (origins.length === 0) return 'is empty; name at least one origin'
  if (!origins.includes('*')) return null
  if (origins.length > 1) return 'has "*" beside others; it stands for all of them'
  return credentials === true
    ? 'may not be "*" with "credentials": any page could act in the name of its visitors; list them'
    : null
}
