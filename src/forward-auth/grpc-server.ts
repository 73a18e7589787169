import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'

import type { ListenOn } from '../listener/index.ts'
import { bind, urlOf } from '../listener/index.ts'
import type { Message } from './protobuf.ts'
import { MalformedMessage, readMessage } from './protobuf.ts'

/** Status codes of gRPC (grpc.io, "Status codes"). */
export const GRPC = {
  ok: 0,
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const

/** The reply to one call: a message, or a status that is not 0. */
export type GrpcReply = Buffer | { readonly status: number; readonly message: string }

/** One call. */
export interface GrpcCall {
  readonly message: Message
  /** Address of who asks; undefined on a Unix socket. */
  readonly askedBy: string | undefined
  readonly answer: (reply: GrpcReply) => void
}

/** What answers calls, by their path. */
export interface GrpcDoor {
  readonly methods: ReadonlyMap<string, (call: GrpcCall) => Promise<void> | void>
  /** From now on it says that it serves no more. */
  readonly drain: () => void
}

/** A listener of gRPC over cleartext HTTP/2. */
export interface GrpcListener {
  /** `http://host:port` or `unix:/path`. */
  readonly url: string
  /** Lets another door answer from now on. */
  use(door: GrpcDoor): void
  /** Takes no new calls; those under way may finish within so many milliseconds. */
  drain(drainMs: number): Promise<void>
}

/** Longest message: the head of a request and what little of a body Envoy may be told to add. */
const LONGEST_MESSAGE = 1024 * 1024

/** How long a call may take to arrive. */
const CALL_MS = 10_000

const SETTINGS = { maxConcurrentStreams: 1_000, maxHeaderListSize: 16 * 1024 }

/**
 * Opens a listener.
 *
 * @throws {Error} the system's own where it cannot be opened (`EADDRINUSE` …).
 */
export async function openGrpcListener(on: ListenOn, door: GrpcDoor): Promise<GrpcListener> {
  let current = door
  const sessions = new Set<Http2Session>()
  const server = createServer({ settings: SETTINGS })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => session.destroy())
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => take(current, stream, headers))
  await bind(server, on)
  const address = 'path' in on ? on : { ...on, port: (server.address() as AddressInfo).port }

  return {
    url: urlOf(address, 'http'),
    use(next) {
      current = next
    },
    async drain(drainMs) {
      current.drain()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      const cut = setTimeout(() => sessions.forEach((session) => session.destroy()), drainMs)
      await closed
      clearTimeout(cut)
    },
  }
}

function take(door: GrpcDoor, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  stream.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  const type = headers['content-type'] ?? ''
  if (headers[':method'] !== 'POST' || !/^application\/grpc(?:$|\+proto|;)/.test(type)) {
    stream.respond({ ':status': 415 }, { endStream: true })
    stream.close()
    return
  }
  const method = door.methods.get(headers[':path'] ?? '')
  if (method === undefined) return end(stream, GRPC.unimplemented, 'there is no such method')
  stream.setTimeout(CALL_MS, () => stream.close(constants.NGHTTP2_CANCEL))

  const chunks: Buffer[] = []
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= LONGEST_MESSAGE + PREFIX) chunks.push(chunk)
    else end(stream, GRPC.resourceExhausted, `a message may have ${LONGEST_MESSAGE} bytes`)
  })
  stream.on('end', () => {
    if (stream.headersSent || stream.destroyed) return
    const message = unframe(Buffer.concat(chunks))
    if (typeof message === 'string') return end(stream, GRPC.invalidArgument, message)
    if (message === null) return end(stream, GRPC.unimplemented, 'compression is not understood')
    const askedBy = stream.session?.socket.remoteAddress
    const failed = (error: unknown): void => {
      const malformed = error instanceof MalformedMessage
      end(stream, malformed ? GRPC.invalidArgument : GRPC.internal, malformed ? error.message : '')
    }
    try {
      const answer = (reply: GrpcReply): void => send(stream, reply)
      const work = method({ message: readMessage(message), askedBy, answer })
      if (work !== undefined) work.catch(failed)
    } catch (error) {
      failed(error)
    }
  })
}

/** A flag for compression and the length of the message. */
const PREFIX = 5

/** The one message of a call; null where it is compressed; else what is wrong with it. */
function unframe(bytes: Buffer): Buffer | string | null {
  if (bytes.length < PREFIX) return 'the message is missing'
  if (bytes[0] !== 0) return null
  const length = bytes.readUInt32BE(1)
  return length === bytes.length - PREFIX
    ? bytes.subarray(PREFIX)
    : 'the length of the message is not what its prefix says'
}

function send(stream: ServerHttp2Stream, reply: GrpcReply): void {
  if (!Buffer.isBuffer(reply)) return end(stream, reply.status, reply.message)
  if (stream.headersSent || stream.destroyed) return
  const prefix = Buffer.alloc(PREFIX)
  prefix.writeUInt32BE(reply.length, 1)
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(GRPC.ok) }))
  stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE }, { waitForTrailers: true })
  stream.end(Buffer.concat([prefix, reply]))
}

const CONTENT_TYPE = 'application/grpc'

/** Ends a call without a message. */
function end(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.headersSent || stream.destroyed) return
  stream.respond(
    {
      ':status': 200,
      'content-type': CONTENT_TYPE,
      'grpc-status': String(status),
      'grpc-message': message,
      'grpc-accept-encoding': 'identity',
    },
    { endStream: true },
  )
  // What is still to come of the call is of no interest.
  stream.close()
}
