import type { VerificationBudgetError, VerifierFaultError } from '../errors.ts'
import { TokenError } from '../errors.ts'
import type { Exchanged, MintedToken } from '../identity-provider/index.ts'
import { readMinted } from '../identity-provider/index.ts'
import { decodeFailure } from './answer-codec.ts'
import type { Message } from './message.ts'
import { isMessage } from './message.ts'

/** What came back for a credential. */
export interface DecodedExchange {
  readonly outcome: Exchanged | VerifierFaultError | VerificationBudgetError
  /** What time it was at Onezone when that was sent. */
  readonly onezoneNowMs: number
}

const CODES = ['idp_token_invalid', 'idp_client_not_allowed', 'user_blocked'] as const

/** Writes down what became of an exchange. What was minted travels as its text, and is read again. */
export function encodeExchange(exchanged: Exchanged, onezoneNowMs: number): Message {
  return exchanged.outcome === 'exchanged'
    ? { outcome: 'exchanged', token: exchanged.token.serialized, onezoneNowMs }
    : { ...exchanged, onezoneNowMs }
}

/**
 * Reads it; null: it is none, and certainly no identity.
 *
 * @param credential What was exchanged.
 */
export function decodeExchange(message: unknown, credential: string): DecodedExchange | null {
  if (!isMessage(message)) return null
  const { onezoneNowMs } = message
  if (typeof onezoneNowMs !== 'number' || !Number.isFinite(onezoneNowMs)) return null
  const outcome = decodeFailure(message) ?? decodeExchanged(message, credential)
  return outcome === null ? null : { outcome, onezoneNowMs }
}

function mintedOf(token: string, credential: string): MintedToken | null {
  try {
    return readMinted(token, credential, Infinity)
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
    return null
  }
}

function decodeExchanged(message: Message, credential: string): Exchanged | null {
  const { outcome, token, detail } = message
  if (outcome === 'exchanged' && typeof token === 'string') {
    const minted = mintedOf(token, credential)
    return minted && { outcome, ...minted }
  }
  const code = CODES.find((each) => each === message['code'])
  if (outcome !== 'refused' || code === undefined) return null
  return { outcome, code, ...(typeof detail === 'string' ? { detail } : {}) }
}
