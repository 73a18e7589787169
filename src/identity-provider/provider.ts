import type { OptionShape } from '../option-shape.ts'
import { FLAG, listOf, TEXT, textLike, wholeNumber } from '../option-shape.ts'

/** An identity provider whose access tokens a Onezone takes in place of its own (`authorityDelegation`). */
export interface IdentityProvider {
  /** What stands before its tokens, exactly as configured in Onezone, e.g. `egi:`. */
  readonly prefix: string
  /**
   * Whose tokens are taken: one of these must be the `azp`, the `client_id` or an `aud` of the JWT. Onezone takes those
   * of any client of the provider. Give this, or `any`.
   */
  readonly clients?: readonly string[] | undefined
  /** Take the tokens of any client, and those that are no JWT. @default false */
  readonly any?: boolean | undefined
  /** Take a JWT without the prefix for one of this provider; at most one provider may say so. @default false */
  readonly bare?: boolean | undefined
  /** How long an exchange is good, in milliseconds, 10_000 to 900_000. @default 300_000 */
  readonly exchangeMs?: number | undefined
}

/** What is used where an option is left out. */
export const IDENTITY_PROVIDER_DEFAULTS = { any: false, bare: false, exchangeMs: 300_000 } as const

/** The longest that a revocation at one of these providers can go unseen, in milliseconds. */
export function boundOf(providers: readonly IdentityProvider[]): number {
  const { exchangeMs: byDefault } = IDENTITY_PROVIDER_DEFAULTS
  return Math.max(0, ...providers.map(({ exchangeMs }) => exchangeMs ?? byDefault))
}

/** The least and the most that it may be. */
export const EXCHANGE_RANGE = [10_000, 900_000] as const

const PREFIX = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[:/]$/
const PREFIX_WANTED =
  'up to 63 letters, digits, ".", "_" or "-", and ":" or "/" at the end, as Onezone has it'

/** What a provider may consist of. */
export const IDENTITY_PROVIDER_OPTIONS: OptionShape<IdentityProvider> = {
  prefix: textLike(PREFIX, PREFIX_WANTED),
  clients: listOf('ids of clients', TEXT),
  any: FLAG,
  bare: FLAG,
  exchangeMs: wholeNumber(EXCHANGE_RANGE),
}

/**
 * Reads the prefix of a provider.
 *
 * @throws {TypeError} for what could be none.
 */
export function parsePrefix(text: string): string {
  if (!PREFIX.test(text)) throw new TypeError(`must be ${PREFIX_WANTED}`)
  return text
}

/** What is wrong with providers: which of them, with what of it, and why. */
export interface ProviderProblem {
  readonly index: number
  readonly name: keyof IdentityProvider
  readonly message: string
}

/** Finds what is wrong between the settings of providers. */
export function problemsOfProviders(
  providers: readonly Partial<IdentityProvider>[],
): ProviderProblem[] {
  const problems: ProviderProblem[] = []
  const find = (index: number, name: keyof IdentityProvider, message: string): void =>
    void problems.push({ index, name, message })
  for (const [index, { prefix, clients, any, bare }] of providers.entries()) {
    const before = providers.slice(0, index)
    if (prefix === undefined) find(index, 'prefix', 'is missing')
    else if (before.some((other) => other.prefix === prefix)) {
      find(index, 'prefix', 'is that of another provider')
    }
    if (bare === true && before.some((other) => other.bare === true)) {
      find(index, 'bare', 'is said of another provider: a JWT without a prefix can be of one only')
    }
    if (any === true && clients !== undefined) {
      find(index, 'any', 'contradicts "clients"; remove one of the two')
    } else if (any !== true && (clients === undefined || clients.length === 0)) {
      find(
        index,
        'clients',
        'must name a client: Onezone takes tokens of all clients of the provider; or set "any: true"',
      )
    }
  }
  return problems
}
