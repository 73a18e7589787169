import { KEY_SET_PATH } from '../assertion/index.ts'
import type { AnswerCode } from '../authenticator/index.ts'
import { createProxyTrust } from '../authenticator/index.ts'
import type { Door, Incoming, Outgoing } from '../listener/index.ts'
import type { RequestLimits } from '../routing/index.ts'
import type { Asked } from './dialects.ts'
import { readDialect } from './dialects.ts'
import type { Introspection } from './introspection.ts'
import { INTROSPECTION_PATH } from './introspection.ts'
import type { Judge } from './judge.ts'
import type { Question } from './question.ts'
import { readQuestion } from './question.ts'
import { sendGrant, sendKeySet, sendRefusal } from './reply.ts'

/** Options of {@link createForwardAuth}. */
export interface ForwardAuthOptions {
  readonly judge: Judge
  /** Addresses and CIDR ranges of the proxies that may ask. */
  readonly trustedProxies: readonly string[]
  /** Whether all who can connect may ask, as on a Unix socket, which its file mode protects. @default false */
  readonly anyAsker?: boolean | undefined
  /** The public keys of assertions, a JWK Set, for everyone who can connect. @default none */
  readonly keySet?: string | undefined
  /** Answers clients that have a secret. @default nobody does */
  readonly introspection?: Introspection | undefined
  /** How much the requests that are asked about may bring. @default REQUEST_LIMITS */
  readonly limits?: RequestLimits | undefined
}

/**
 * Makes the door that front proxies ask whether a request may pass: the request that they describe is read as strictly
 * as the proxy reads its own.
 */
export function createForwardAuth(options: ForwardAuthOptions): Door {
  const { judge, keySet, introspection, limits, anyAsker = false } = options
  const mayAsk = createProxyTrust(options.trustedProxies)

  function serve(incoming: Incoming, outgoing: Outgoing): Promise<void> | void {
    const { url = '' } = incoming
    if (keySet !== undefined && url === KEY_SET_PATH) return sendKeySet(incoming, outgoing, keySet)
    if (introspection !== undefined && url === INTROSPECTION_PATH) {
      return introspection(incoming, outgoing)
    }
    const isTrusted = anyAsker || mayAsk(incoming.socket.remoteAddress)
    const asked = isTrusted ? readDialect(url) : null
    const dialect = asked?.dialect ?? null
    return judge({
      dialect,
      question: isTrusted ? read(incoming, asked, limits) : 'asker_not_trusted',
      removesForged: false,
      askedBy: incoming.socket.remoteAddress,
      answer(judgement) {
        if (outgoing.destroyed) return
        if (judgement.outcome === 'granted') sendGrant(incoming, outgoing, dialect, judgement)
        else sendRefusal(incoming, outgoing, dialect, judgement)
      },
    })
  }

  // A question that expects something, or that would upgrade, is a question like any other.
  return { serve, checkContinue: serve, checkExpectation: serve }
}

function read(
  incoming: Incoming,
  asked: Asked | null,
  limits: RequestLimits | undefined,
): Question | AnswerCode {
  return asked === null ? 'route_not_found' : readQuestion(asked, incoming, limits)
}
