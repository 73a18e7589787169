import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Incoming, Outgoing } from './http-message.ts'

/**
 * Answers one request. What it throws, at once or by the promise of its work, is answered 500 by the listener where
 * nothing was answered yet, and ends the connection where something was.
 */
export type Serve = (incoming: Incoming, outgoing: Outgoing) => Promise<void> | void

/**
 * Answers one request to upgrade. `outgoing` is an ordinary response, after which the connection ends. Unless it is
 * taken: once the response has been written to its end, `takeConnection` gives the connection away, with all that the
 * client has sent after its request.
 */
export type ServeUpgrade = (
  incoming: Incoming,
  outgoing: Outgoing,
  takeConnection: () => Socket,
) => Promise<void> | void

/**
 * What came on a connection of HTTP/1.1 where a request was expected: bytes that are none, or in whose target, version,
 * fields, length or chunks there is what none may have; the beginning of HTTP/2; one whose method nobody here knows, a
 * head beyond the limits or one that did not come to its end in time, the wish for a tunnel (`CONNECT`), or plain HTTP
 * where TLS was expected.
 */
export type Unreadable =
  | 'malformed'
  | 'target'
  | 'version'
  | 'field'
  | 'length'
  | 'chunk'
  | 'http2'
  | 'unknown-method'
  | 'head-too-large'
  | 'late'
  | 'tunnel'
  | 'plain-http'

/**
 * Answers what arrives at a listener. Requests of one connection come one after the other, each when the response
 * before it is over. All doors of one listener have the same functions: what the first one lacks is left to Node.
 */
export interface Door {
  readonly serve: Serve
  /** The same for a request whose client waits for `100 Continue`. @default Node says it, and the request is served */
  readonly checkContinue?: Serve | undefined
  /** The same for a request that expects anything else. @default Node answers 417 */
  readonly checkExpectation?: Serve | undefined
  /** @default Node serves requests to upgrade like any other */
  readonly upgrade?: ServeUpgrade | undefined
  /**
   * Ends a connection.
   *
   * @param serving The response that is being written on it, or was the last to be.
   * @default Node answers 400 or 431, or just closes it
   */
  readonly unreadable?:
    ((socket: Duplex, what: Unreadable, serving: () => Outgoing | undefined) => void) | undefined
  /** Told when requests may begin to come. */
  readonly opened?: (() => void) | undefined
  /** Class of the requests of HTTP/1.1. @default Node's own */
  readonly requestClass?: typeof IncomingMessage | undefined
}
