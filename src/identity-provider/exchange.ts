import type { Clock } from '../clock.ts'
import { OnezoneApiError, PeerFaultError, TokenError, VerifierFaultError } from '../errors.ts'
import type { FinishedCall } from '../http-client/index.ts'
import { isJsonObject } from '../json.ts'
import type { OnezoneClientOptions } from '../onezone/index.ts'
import { createOnezoneClient } from '../onezone/index.ts'
import type { MintedToken } from './minted-token.ts'
import { readMinted } from './minted-token.ts'

/** Options of {@link createExchange}. */
export interface ExchangeOptions {
  readonly onezone: OnezoneClientOptions
  readonly maxInFlight: number
  readonly clock: Clock
  readonly onCall?: ((call: FinishedCall) => void) | undefined
}

/** What Onezone said to a credential. */
export type ExchangeAnswer =
  | ({ readonly outcome: 'exchanged' } & MintedToken)
  | { readonly outcome: 'refused'; readonly code: 'idp_token_invalid' | 'user_blocked' }

/** One way to Onezone, for credentials of clients and nothing else. */
export interface Exchange {
  /**
   * Has an identity token made for a credential.
   *
   * @param latest Unix seconds until which it is to be good.
   * @throws {VerifierFaultError} for everything that is no answer about the credential.
   */
  perform(credential: string, latest: number): Promise<ExchangeAnswer>
  close(): Promise<void>
}

/** Makes the way: a client of its own, so that no credential can go with a question that has to be anonymous. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { onezone, maxInFlight, clock, onCall } = options
  const client = createOnezoneClient({
    clock,
    onCall,
    ...onezone,
    maxConnections: maxInFlight,
    maxQueued: maxInFlight,
    reservesForUrgent: false,
  })

  return {
    async perform(credential, latest) {
      const request = {
        type: { identityToken: {} },
        caveats: [{ type: 'time', validUntil: latest }],
      } as const
      try {
        const { token } = await client.createTemporaryTokenForCurrentUser(request, {
          credentials: { token: credential },
        })
        const minted = readMinted(token, credential, latest)
        if (minted !== null) return { outcome: 'exchanged', ...minted }
      } catch (error) {
        if (error instanceof OnezoneApiError) return readRefusal(error)
        if (!(error instanceof PeerFaultError || error instanceof TokenError)) throw error
        throw faultOf('Onezone gave no usable answer to the exchange', { cause: error })
      }
      throw faultOf('Onezone gave another token than was asked for')
    },
    close: () => client.close(),
  }
}

/**
 * What a refusal says. Only three errors are about the credential: Onezone words whatever goes wrong at a provider as
 * 401 `internalServerError`, and that is no word on the token (research/onedata-users §2).
 */
function readRefusal(error: OnezoneApiError): ExchangeAnswer {
  const { authError } = error.details ?? {}
  const about = error.status === 401 && isJsonObject(authError) ? authError['id'] : error.id
  if (about === 'badIdpAccessToken') return { outcome: 'refused', code: 'idp_token_invalid' }
  if (about === 'userBlocked') return { outcome: 'refused', code: 'user_blocked' }
  // No provider there has this prefix, or none may have a token for so long.
  if (about === 'badToken' || about === 'tokenTimeCaveatRequired') {
    throw new VerifierFaultError(
      'ERR_GATEWAY_MISCONFIGURED',
      `Onezone does not know this identity provider as "identityProviders" has it: ${String(about)}`,
      { cause: error },
    )
  }
  throw faultOf('Onezone, or the identity provider behind it, failed at the exchange', {
    cause: error,
  })
}

function faultOf(message: string, options?: ErrorOptions): VerifierFaultError {
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message, options)
}

/**
 * What an error says of who is asked.
 *
 * @param counts Whether a fault of this question is more than its sender's.
 */
export function findingOf(error: unknown, counts: () => boolean): 'fault' | 'answer' | 'nothing' {
  if (!(error instanceof VerifierFaultError)) return 'nothing'
  if (error.code === 'ERR_GATEWAY_MISCONFIGURED') return 'answer'
  const { cause } = error
  if (cause instanceof PeerFaultError) {
    if (cause.reason === 'UNREACHABLE') return 'fault'
    if (cause.reason === 'OVERLOADED') return 'nothing'
  }
  return counts() ? 'fault' : 'nothing'
}
