import type { OptionShape } from '../option-shape.ts'
import { checkOptions, JUDGED_ELSEWHERE, oneOf, orNull } from '../option-shape.ts'
import type { Caveat } from './caveat.ts'
import { serializeCaveat } from './caveat-table.ts'
import { parseIdentifier, serializeIdentifier } from './identifier.ts'
import type { Identifier } from './identifier.ts'
import { signIdentifier, verifyMacaroon, withCaveats } from './macaroon.ts'
import { octetsOf, octetsOfText, textOfOctets } from './octets.ts'
import { serializeToken } from './serialize.ts'
import { NOBODY } from './subject.ts'
import type { ServiceIndication, Subject } from './subject.ts'
import { ACCESS_TOKEN } from './token-type.ts'
import type { TokenType } from './token-type.ts'
import type { Persistence, Token } from './token.ts'

/** The parts of a token. */
export interface MintTokenOptions {
  /** Domain of the Onezone that issues the token; octets where it is not UTF-8. */
  onezoneDomain: string | Uint8Array
  /** What signs the token. Text stands for its UTF-8: Onezone's secrets are 64 hex digits, not decoded. */
  secret: string | Uint8Array
  /**
   * Layout of the identifier. Version 1 is legacy: of the parts below only `id` and `caveats` fit in.
   *
   * @default 2
   */
  version?: 1 | 2
  /** Id of the token: anything without a slash; octets where it is not UTF-8. */
  id: string | Uint8Array
  /**
   * Must agree with `generation`, and may be left out.
   *
   * @default 'temporary' if there is a generation, 'named' otherwise
   */
  persistence?: Persistence
  /**
   * Generation of a temporary token; null for a named one.
   *
   * @default null
   */
  generation?: number | null
  /**
   * Whom the token speaks for. Required in version 2.
   */
  subject?: Subject
  /**
   * What the token is.
   *
   * @default { accessToken: {} }
   */
  type?: TokenType
  /**
   * Caveats in their order. They are written, not checked: `sanitizeCaveat` does that. An unknown one is its text.
   *
   * @default []
   */
  caveats?: readonly Caveat[]
  /**
   * Prefix that says which service of a provider sends the token.
   *
   * @default null
   */
  serviceIndication?: ServiceIndication | null
}

const MINT_TOKEN_OPTIONS: OptionShape<MintTokenOptions> = {
  onezoneDomain: JUDGED_ELSEWHERE,
  secret: JUDGED_ELSEWHERE,
  version: JUDGED_ELSEWHERE,
  id: JUDGED_ELSEWHERE,
  persistence: oneOf(['named', 'temporary']),
  generation: JUDGED_ELSEWHERE,
  subject: JUDGED_ELSEWHERE,
  type: JUDGED_ELSEWHERE,
  caveats: JUDGED_ELSEWHERE,
  serviceIndication: orNull(oneOf(['opw', 'opp'])),
}

/**
 * Issues a token. Whether it is good is for the holder of the secrets to know: see the development Onezone.
 *
 * @throws TypeError where the parts do not fit together, e.g. an id with a slash.
 * @throws TokenError `ERR_PACKET_TOO_LARGE`, `ERR_TOKEN_TOO_LARGE`, or `ERR_CAVEAT_INVALID` for what is no caveat.
 */
export function mintToken(options: MintTokenOptions): string {
  checkOptions('mintToken', options, MINT_TOKEN_OPTIONS)
  const { onezoneDomain, secret, caveats = [], serviceIndication = null } = options
  const identifier = octetsOfText(serializeIdentifier(identifierOf(options)))
  const signature = signIdentifier(octetsOf(secret), identifier)
  const bare = { location: octetsOf(onezoneDomain), identifier, caveats: [], signature }
  const texts = caveats.map(serializeCaveat)
  const serialized = serializeToken(withCaveats(bare, texts.map(octetsOfText)))
  return serviceIndication === null ? serialized : `${serviceIndication}-${serialized}`
}

/**
 * Whether a token was signed with the secret. Takes the same time wherever a wrong signature differs. False for a token
 * without signature or with a third-party caveat.
 */
export function verifySignature(token: Token, secret: string | Uint8Array): boolean {
  return verifyMacaroon(token.macaroon, octetsOf(secret))
}

function identifierOf(options: MintTokenOptions): Identifier {
  const { version = 2, generation = null, type = ACCESS_TOKEN } = options
  const { persistence = generation === null ? 'named' : 'temporary' } = options
  const id = typeof options.id === 'string' ? options.id : textOfOctets(options.id)
  if ((persistence === 'named') !== (generation === null)) {
    throw new TypeError('"generation" is for temporary tokens, and each of them needs one')
  }
  if (generation !== null && !Number.isInteger(generation)) {
    throw new TypeError('"generation" must be an integer')
  }
  if (version === 2 && options.subject === undefined) {
    throw new TypeError('"subject" is missing: only tokens of version 1 have none')
  }
  const identifier = { version, generation, subject: options.subject ?? NOBODY, type, id }
  if (!isReadable(identifier)) {
    throw new TypeError('"id", "subject" and "type" cannot be told apart in an identifier')
  }
  return identifier
}

function isReadable(identifier: Identifier): boolean {
  const text = serializeIdentifier(identifier)
  try {
    const read = parseIdentifier(text)
    return read.version === identifier.version && read.id === identifier.id
  } catch {
    return false
  }
}
