import { isIP } from 'node:net'

import type { AnswerCode } from '../authenticator/index.ts'
import type { RequestLimits } from '../routing/index.ts'
import { KNOWN_METHODS, REQUEST_LIMITS } from '../routing/index.ts'
import type { Asked, DialectFields } from './dialects.ts'
import { DIALECTS } from './dialects.ts'

/** A request that a front proxy asks about, as the proxy describes it. */
export interface Question {
  readonly method: string
  readonly host: string
  /** As in the request line. */
  readonly target: string
  /** Whether the client came by TLS, as far as the dialect says. */
  readonly secure: boolean
  /**
   * Addresses from the client's side to the proxy's: the last one is what the proxy's socket saw. Empty where the
   * proxy does not say.
   */
  readonly hops: readonly string[]
  /** Header fields of the client: name, value … without those that say where it came from. */
  readonly rawHeaders: readonly string[]
}

/** What of a question's own request is read. */
export interface AskingRequest {
  readonly method?: string | undefined
  readonly rawHeaders: readonly string[]
}

const FORWARDED = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])

const ORIGINAL_URL = /^(https?|wss?):\/\/([^/?#]+)(\/.*)$/s

const SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ['http', false],
  ['ws', false],
  ['https', true],
  ['wss', true],
])

/**
 * Reads a question: only the header fields of its dialect, each exactly once, whatever else a client may have added.
 *
 * @returns The question, or the code of its refusal.
 */
export function readQuestion(
  { dialect, rest }: Asked,
  { method, rawHeaders }: AskingRequest,
  limits: Pick<RequestLimits, 'requestFields'> = REQUEST_LIMITS,
): Question | AnswerCode {
  if (rawHeaders.length > 2 * limits.requestFields) return 'headers_too_large'
  const fields = DIALECTS[dialect]
  const said = new Said(rawHeaders)
  const place = placeOf(fields, said, rest)
  if (place === null) return 'request_invalid'

  const asked = fields.method === null ? method : said.once(fields.method)
  if (asked === undefined || !KNOWN_METHODS.has(asked)) return 'request_invalid'

  let hops: readonly string[] = []
  if (fields.address !== null && said.has(fields.address)) {
    const listed = said.once(fields.address)
    if (listed === undefined) return 'request_invalid'
    hops = listed.split(',').map((hop) => hop.trim())
    if (isIP(hops.at(-1) ?? '') === 0) return 'client_address_invalid'
  }
  return { method: asked, ...place, hops, rawHeaders: said.others }
}

function placeOf(
  fields: DialectFields,
  said: Said,
  rest: string,
): Pick<Question, 'host' | 'target' | 'secure'> | null {
  if (fields.url !== null) {
    const [, scheme = '', host, target] = ORIGINAL_URL.exec(said.once(fields.url) ?? '') ?? []
    return host === undefined || target === undefined
      ? null
      : { host, target, secure: SCHEMES.get(scheme) === true }
  }
  const host = fields.host === null ? undefined : said.once(fields.host)
  const target = fields.target === null ? rest : said.once(fields.target)
  const secure = schemeOf(fields, said)
  return host === undefined || target === undefined || secure === undefined
    ? null
    : { host, target, secure }
}

function schemeOf({ scheme, schemeOptional }: DialectFields, said: Said): boolean | undefined {
  if (scheme === null || (schemeOptional && !said.has(scheme))) return false
  return SCHEMES.get(said.once(scheme) ?? '')
}

/** The header fields of a question. */
class Said {
  /** What is no field that says where the client came from: name in lower case, value … */
  readonly others: string[] = []
  readonly #rawHeaders: readonly string[]
  /** All names in lower case. */
  readonly #names: string[] = []

  constructor(rawHeaders: readonly string[]) {
    this.#rawHeaders = rawHeaders
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = (rawHeaders[i] ?? '').toLowerCase()
      this.#names.push(name)
      if (!FORWARDED.has(name)) this.others.push(name, rawHeaders[i + 1] ?? '')
    }
  }

  has(name: string): boolean {
    return this.#names.includes(name)
  }

  /** The value of a field that is there exactly once and says something; else undefined. */
  once(name: string): string | undefined {
    const at = this.#names.indexOf(name)
    if (at === -1 || this.#names.includes(name, at + 1)) return undefined
    return this.#rawHeaders[2 * at + 1] || undefined
  }
}
