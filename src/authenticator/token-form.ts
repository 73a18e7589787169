import type { Caveat, OnedataInterface, TokenKind } from '../token/index.ts'
import type { AnswerCode } from './answers.ts'

/** What the token form of Onezone's GUI is filled in with. */
export interface TokenTemplate {
  readonly kind: TokenKind
  readonly caveats: readonly Caveat[]
}

/** Refusals that another token would cure. */
const CURABLE: ReadonlySet<AnswerCode> = new Set([
  'credentials_missing',
  'token_expired',
  'token_revoked',
  'token_type_mismatch',
  'caveat_not_enforced',
  'idp_token_not_accepted',
])

/** What a route needs of a token. */
interface RouteNeeds {
  readonly kind: TokenKind | 'none'
  readonly interfaces: readonly OnedataInterface[]
}

/** Whether another token would pass where one was refused: for `caveat_unverified` that depends on the caveat. */
export function isCurable(code: AnswerCode, caveat: string | null): boolean {
  return CURABLE.has(code) || (code === 'caveat_unverified' && caveat === 'interface')
}

/**
 * Makes the link that opens the token form of a Onezone, filled in (onezone-gui, `loadTokenTemplateFromUrl`). It is
 * made of the route alone, so that it never carries anything of a request.
 *
 * @param guiUrl Base URL of Onezone's GUI.
 * @returns Null for invites, which no form makes for a route.
 */
export function tokenFormUrl(guiUrl: string, { kind, caveats }: TokenTemplate): string | null {
  if (kind === 'invite') return null
  const type = kind === 'identity' ? { identityToken: {} } : { accessToken: {} }
  const template = Buffer.from(JSON.stringify({ type, caveats })).toString('base64')
  const options = encodeURIComponent(`activeSlide.form..tokenTemplate.${template}`)
  return `${guiUrl.replace(/\/$/, '')}/ozw/onezone/i#/onedata/tokens/new?options=${options}`
}

/**
 * Makes the function that says the link for a route; null: none, because there is no GUI, or because no form makes what
 * passes there. Routes with the same needs share a link.
 */
export function createTokenForms(guiUrl: string | null): (needs: RouteNeeds) => string | null {
  const known = new Map<string, string | null>()
  return ({ kind, interfaces }) => {
    if (guiUrl === null || kind === 'none') return null
    const [first] = interfaces
    const key = `${kind} ${first}`
    const link = known.get(key)
    if (link !== undefined) return link
    const caveats = first === undefined ? [] : [{ type: 'interface', interface: first } as const]
    const made = tokenFormUrl(guiUrl, { kind, caveats })
    known.set(key, made)
    return made
  }
}
