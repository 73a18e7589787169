import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { constants, performServerHandshake } from 'node:http2'
import type { TLSSocket } from 'node:tls'

import type { Clock, Schedule } from '../clock.ts'
import { systemClock, systemSchedule } from '../clock.ts'
import { createAllowance } from './allowance.ts'
import { readStreamHead } from './stream-head.ts'
import { StreamRequest } from './stream-request.ts'
import { StreamResponse } from './stream-response.ts'

/** Options of {@link createHttp2Sessions}. */
export interface Http2SessionsOptions {
  /** Told of each request. `expectsContinue`: its client waits for `100 Continue` before it sends the body. */
  readonly onRequest: (
    incoming: StreamRequest,
    outgoing: StreamResponse,
    expectsContinue: boolean,
  ) => void
  /** How long a session without requests stays open, in milliseconds. */
  readonly idleMs: number
  /** Longest head of a request, in bytes, as HTTP/1.1 would count it. @default 32_768 */
  readonly maxHeadBytes?: number | undefined
  /** How many fields a head may have before its stream is reset, unanswered. @default 256 */
  readonly maxHeaderFields?: number | undefined
  /**
   * After how long a client is cut that says nothing at all while it has requests under way, in milliseconds; after a
   * third of that it is sent a PING. Node goes on with a session that has met an error of the connection, but reads
   * nothing more from it, and so would never see its client go.
   *
   * @default 60_000
   */
  readonly silenceMs?: number | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
  /** @default systemSchedule */
  readonly schedule?: Schedule | undefined
}

/** The connections that speak HTTP/2. */
export interface Http2Sessions {
  /** Takes a connection whose client has agreed on it. */
  take(socket: TLSSocket): void
  /** Tells clients to send their next requests elsewhere; those that they have sent by then are still served. */
  announceEnd(): void
  /** Ends each session when what is under way on it is over. */
  close(): void
}

/** How often sessions are looked over, in milliseconds. */
const SWEEP_MS = 1_000

/**
 * How long a client may say nothing on a connection that is over before it is cut, and how long it may take to end it,
 * in milliseconds. Who is still reading says so, by opening windows; to have that met by a connection that is closed
 * would take from it what is still under way.
 */
const FAREWELL_MS = 5_000
const LONGEST_FAREWELL_MS = 60_000

const SILENCE_MS = 60_000

/**
 * Streams that are reset before they were answered, by the client or because of what it sends: a browser that leaves a
 * page resets dozens at once; who resets more wants us to work in vain (CVE-2023-44487, CVE-2025-8671).
 */
const RESETS = { burst: 200, perSecond: 20 }

/** PING and SETTINGS frames, each of which wants an answer. */
const CHATTER = { burst: 200, perSecond: 50 }

/** The last stream id there is: a `GOAWAY` with it names no stream that is not served (RFC 9113 §6.8). */
const ANY_STREAM = 2 ** 31 - 1

const MAX_STREAMS = 100

/** Fields are counted by the proxy, which answers; above this, crumbs of cookies among them, streams are reset. */
const MAX_HEADER_FIELDS = 256

const LIMITS = {
  maxSessionMemory: 10, // MB
  maxSettings: 32,
  maxSessionInvalidFrames: 1000,
  maxSessionRejectedStreams: 100,
}

const MAX_HEAD_BYTES = 32_768

/** How many of the fields that make a stream be reset may be parts of one cookie. */
const CRUMBS = 52

const CONTINUE = /^100-continue$/i

/** One connection. */
interface Entry {
  readonly session: Http2Session
  readonly socket: TLSSocket
  /** Streams that are open. */
  open: number
  /** Since when there is none. */
  idleSinceMs: number
  /** Since when nothing more is to come of the session. */
  overSinceMs: number | null
  /** When its client was last heard, how much had come by then, and whether it was asked since. */
  heardAtMs: number
  heard: number
  probed: boolean
  readonly mayReset: () => boolean
}

/** Makes what serves the connections of one listener that speak HTTP/2 (RFC 9113). */
export function createHttp2Sessions(options: Http2SessionsOptions): Http2Sessions {
  const { onRequest, idleMs, silenceMs = SILENCE_MS } = options
  const { maxHeadBytes = MAX_HEAD_BYTES, maxHeaderFields = MAX_HEADER_FIELDS } = options
  const limits = {
    ...LIMITS,
    maxHeaderListPairs: maxHeaderFields,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      // As in HTTP/1.1, and 32 bytes for each field, but for crumbs of cookies (RFC 9113 §6.5.2).
      maxHeaderListSize: maxHeadBytes + (maxHeaderFields - CRUMBS) * 32,
      enableConnectProtocol: false,
    },
  }
  const { clock = systemClock, schedule = systemSchedule } = options
  const entries = new Set<Entry>()
  let ending = false
  let stopSweep: (() => void) | null = null

  function take(socket: TLSSocket): void {
    if (socket.destroyed) return
    // A client that has said its last word cannot even open the window for what it still wants to read.
    socket.allowHalfOpen = false
    socket.on('error', () => {}) // 'close' follows, also when the session is over
    const session = performServerHandshake(socket, limits)
    const entry: Entry = {
      session,
      socket,
      open: 0,
      idleSinceMs: clock.monotonic(),
      overSinceMs: null,
      heardAtMs: clock.monotonic(),
      heard: 0,
      probed: false,
      mayReset: createAllowance({ ...RESETS, clock }),
    }
    entries.add(entry)
    if (stopSweep === null) sweep()
    socket.once('close', () => forget(entry))
    session.on('error', () => {}) // its end follows
    const mayChat = createAllowance({ ...CHATTER, clock })
    const onChat = (): void => {
      if (!mayChat()) cut(entry)
    }
    session.on('ping', onChat).on('remoteSettings', onChat)
    session.on('stream', (stream: ServerHttp2Stream, _headers, flags: number, raw?: string[]) => {
      stream.on('error', () => {}) // 'close' follows
      if (!session.destroyed) begin(entry, stream, flags, raw ?? [])
    })
    if (ending) announce(entry)
  }

  function begin(
    entry: Entry,
    stream: ServerHttp2Stream,
    flags: number,
    raw: readonly string[],
  ): void {
    if (stream.destroyed) return countReset(entry)
    const head = readStreamHead(raw)
    if (head === null) {
      // Without a response there is nothing that could be taken for complete.
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR)
      return countReset(entry)
    }
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    const incoming = new StreamRequest(stream, head, ended, entry.socket)
    const outgoing = new StreamResponse(stream, incoming)
    entry.open++
    stream.on('close', () => {
      entry.open--
      entry.idleSinceMs = clock.monotonic()
      if (!outgoing.writableFinished && !incoming.socket.brokenOff) countReset(entry)
    })
    onRequest(incoming, outgoing, expectsContinue(head.fields))
  }

  function forget(entry: Entry): void {
    entries.delete(entry)
    if (entries.size > 0) return
    stopSweep?.()
    stopSweep = null
  }

  function sweep(): void {
    stopSweep = schedule(SWEEP_MS, () => {
      sweep()
      look()
    })
  }

  /** Ends sessions that are idle or whose client has fallen silent, and connections whose session is over. */
  function look(): void {
    const nowMs = clock.monotonic()
    for (const entry of entries) {
      const { session, socket, open } = entry
      const isOver = session.destroyed || (session.closed && open === 0)
      if (isOver && entry.overSinceMs === null) {
        entry.overSinceMs = nowMs
        entry.heardAtMs = nowMs
      }
      if (socket.bytesRead !== entry.heard) {
        entry.heard = socket.bytesRead
        entry.heardAtMs = nowMs
        entry.probed = false
      }
      const silentMs = nowMs - entry.heardAtMs
      if (entry.overSinceMs !== null) {
        // Node waits until the client has taken what it is sent and has sent what it began, for ever if need be.
        const overMs = nowMs - entry.overSinceMs
        if (silentMs >= FAREWELL_MS || overMs >= LONGEST_FAREWELL_MS) socket.destroy()
      } else if (open === 0) {
        if (nowMs - entry.idleSinceMs > idleMs) session.close()
      } else if (silentMs >= silenceMs) {
        socket.destroy()
      } else if (silentMs >= silenceMs / 3 && !entry.probed) {
        entry.probed = true
        session.ping(() => {}) // its answer is heard
      }
    }
  }

  return {
    take,
    announceEnd() {
      ending = true
      for (const entry of entries) announce(entry)
    },
    close() {
      for (const { session } of entries) session.close()
    },
  }
}

function announce({ session }: Entry): void {
  if (!session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM)
}

function countReset(entry: Entry): void {
  if (!entry.mayReset()) cut(entry)
}

function cut({ session }: Entry): void {
  const reason = new Error('the client resets or asks too much')
  session.destroy(reason, constants.NGHTTP2_ENHANCE_YOUR_CALM)
}

function expectsContinue(fields: readonly string[]): boolean {
  return fields.some(
    (name, i) => i % 2 === 0 && name === 'expect' && CONTINUE.test(fields[i + 1] ?? ''),
  )
}
