import { Socket } from 'node:net'

import type { Decision, Granted } from '../authenticator/index.ts'
import type { ClientLimiter } from './client-limits.ts'
import type { ExchangeInput } from './exchange-input.ts'
import { Exchange } from './exchange.ts'
import { holdBody } from './held-body.ts'
import { answerOf, noted } from './request-trace.ts'
import type { CompiledRoute } from './routes.ts'
import { refusalOptions, sendAnswer } from './send-answer.ts'

/** Goes on with a request that was decided: with its answer, or to its upstream. */
export function proceed(serving: ExchangeInput, decision: Decision, limiter: ClientLimiter): void {
  const { incoming, outgoing, record, route, trace, upgrade } = serving
  trace.decision = decision
  if (outgoing.destroyed) return
  const isCounted = upgrade !== null || limiter.countsRequests
  if (isCounted && !isWithinLimits(serving, decision, limiter)) {
    const options = refusalOptions(incoming, record, route)
    sendAnswer(incoming, outgoing, answerOf(trace, 'client_limit_exceeded'), options)
  } else if (decision.outcome === 'granted') {
    if (route.bufferRequestBytes > 0 && record.bodyLength === null) {
      hold(serving, decision, limiter)
    } else {
      new Exchange(serving, decision).begin()
    }
  } else {
    const answer = noted(trace, decision.answer)
    sendAnswer(incoming, outgoing, answer, refusalOptions(incoming, record, route))
  }
}

/** A grant that has waited longer than this for a body is asked for again, in milliseconds. */
const GRANT_KEEPS_MS = 1_000

/** Sends a request on when all of its body has come, with its length. */
function hold(serving: ExchangeInput, decision: Granted, limiter: ClientLimiter): void {
  const { incoming, outgoing, record, request, route, trace, clock } = serving
  const { bufferRequestBytes, maxBodyBytes, timeouts } = route
  const heldAt = clock.monotonic()
  if (record.continueOwed) outgoing.writeContinue()
  holdBody(incoming, {
    maxBytes: Math.min(bufferRequestBytes, maxBodyBytes),
    idleMs: timeouts.idleBodyMs,
    onHeld(body) {
      if (outgoing.destroyed) return
      if (typeof body === 'string') {
        const detail = body === 'body_too_large' ? tooLongToHold(route) : undefined
        const options = refusalOptions(incoming, record, route)
        return sendAnswer(incoming, outgoing, answerOf(trace, body, detail), options)
      }
      const whole = { ...record, bodyLength: body.length, continueOwed: false }
      const sending = { ...serving, record: whole, held: body }
      if (clock.monotonic() - heldAt <= GRANT_KEEPS_MS) {
        return new Exchange(sending, decision).begin()
      }
      Promise.resolve(route.authenticator.authenticate(request))
        .then((again) => proceed(sending, again, limiter))
        .catch((error: unknown) => fail(sending, error))
    },
  })
}

function tooLongToHold({ bufferRequestBytes, maxBodyBytes }: CompiledRoute): string | undefined {
  if (maxBodyBytes <= bufferRequestBytes) return undefined
  return `A body without Content-Length may have ${bufferRequestBytes} bytes here; send its length, or less.`
}

/** Counts a request, and the WebSocket that it is for until its connection ends. */
function isWithinLimits(
  { incoming, upgrade }: ExchangeInput,
  decision: Decision,
  limiter: ClientLimiter,
): boolean {
  const address = decision.client?.address ?? ''
  if (limiter.countsRequests && !limiter.mayAsk(address)) return false
  if (upgrade === null || decision.outcome !== 'granted') return true
  const close = limiter.openWebSocket(address)
  if (close === null) return false
  const { socket } = incoming
  if (socket instanceof Socket) socket.once('close', close)
  return true
}

/** Answers a request that could not be handled, for a reason that is ours. */
export function fail(serving: ExchangeInput, error: unknown): void {
  const { incoming, outgoing, record, route, trace, logger, limited } = serving
  const { requestId } = trace
  limited(`failed ${route.id}`, (omitted) => {
    const facts = { route: route.id, requestId, omitted, err: error }
    logger.error(facts, 'a request could not be handled')
  })
  if (outgoing.headersSent) incoming.socket.destroy()
  else {
    const options = refusalOptions(incoming, record, route)
    sendAnswer(incoming, outgoing, answerOf(trace, 'internal_error'), options)
  }
}
