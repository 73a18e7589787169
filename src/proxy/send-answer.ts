import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

import type { Answer } from '../authenticator/index.ts'
import { answerHeaders } from '../authenticator/index.ts'
import type { Incoming, Outgoing } from '../listener/index.ts'

/** How much of an unwanted body is read, so that its sender gets to read the answer (RFC 9112 §9.6). */
const DRAIN_BYTES = 64 * 1024

/** For how long, in milliseconds. */
const DRAIN_MS = 1000

/** Methods that the gateway carries, of those that people ask about. */
const CARRIED = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Options of {@link sendAnswer}. */
export interface SendAnswerOptions {
  /** Length of the request's body in bytes; null: unknown. */
  readonly bodyLength: number | null
  /** End the connection afterwards, because where the next request begins is not certain. @default false */
  readonly close?: boolean
  /** Methods that would not have been answered 405. @default those that the gateway carries at all */
  readonly allow?: readonly string[]
}

/**
 * Answers a request in the gateway's own name. A body that nobody wanted is never read beyond a bound, and a connection
 * on which it was not read to its end is never used again.
 */
export function sendAnswer(
  incoming: Incoming,
  outgoing: Outgoing,
  answer: Answer,
  options: SendAnswerOptions,
): void {
  const { bodyLength } = options
  const bounded = bodyLength !== null && bodyLength <= DRAIN_BYTES
  const close = options.close === true || (!bounded && !incoming.complete)
  if (close) outgoing.shouldKeepAlive = false
  outgoing.writeHead(answer.status, answerFields(answer, options.allow))
  if (bodyLength === 0) {
    outgoing.end(answer.body)
  } else if (close) {
    outgoing.write(answer.body)
    drainThenEnd(incoming, outgoing)
  } else {
    outgoing.end(answer.body)
    closeUnlessComplete(incoming)
  }
}

/** Answers `OPTIONS *`: what the gateway carries, whatever its routes take of it. */
export function sendCapabilities(
  incoming: Incoming,
  outgoing: Outgoing,
  { bodyLength }: Pick<SendAnswerOptions, 'bodyLength'>,
): void {
  if (bodyLength !== 0) outgoing.shouldKeepAlive = false
  outgoing.writeHead(200, ['Allow', CARRIED.join(', '), 'Content-Length', '0'])
  if (bodyLength === 0) outgoing.end()
  else drainThenEnd(incoming, outgoing)
}

const written = new WeakSet<Outgoing>()

/** Whether everything of a response has been written, and only its end waits for the end of the request. */
export function isWritten(outgoing: Outgoing): boolean {
  return written.has(outgoing)
}

/** Ends a response whose request is still arriving, once that has ended or has gone on for too long. */
export function drainThenEnd(incoming: Incoming, outgoing: Outgoing): void {
  written.add(outgoing)
  let drained = 0
  const done = (): void => {
    clearTimeout(timer)
    incoming.off('data', onData).off('end', done).off('close', done)
    outgoing.end()
  }
  const onData = (chunk: Buffer): void => {
    drained += chunk.length
    if (drained > DRAIN_BYTES) done()
  }
  const timer = setTimeout(done, DRAIN_MS).unref()
  if (incoming.complete || incoming.destroyed) done()
  else incoming.on('data', onData).on('end', done).on('close', done).resume()
}

/** Answers on a connection that has no response object: before, or instead of, a request that could be read. */
export function sendRawAnswer(socket: Duplex, answer: Answer): void {
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`]
  const fields = ['Connection', 'close', ...answerFields(answer)]
  for (let i = 0; i + 1 < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`)
  socket.end(`${lines.join('\r\n')}\r\n\r\n${answer.body}`, () => socket.destroy())
}

/** Breaks a response off so that it cannot be taken for a complete one. */
export function breakOff({ socket }: Incoming, openEnded: boolean): void {
  if (openEnded && !('encrypted' in socket)) socket.resetAndDestroy()
  else socket.destroy()
}

function closeUnlessComplete(incoming: Incoming): void {
  if (incoming.complete) return
  const { socket } = incoming
  const timer = setTimeout(() => socket.destroy(), DRAIN_MS).unref()
  // Node reads away only a body that nobody has begun to read.
  incoming.once('close', () => clearTimeout(timer)).resume()
}

function answerFields(answer: Answer, allow: readonly string[] = CARRIED): string[] {
  const fields = answerHeaders(answer).flat()
  fields.push('Content-Length', String(Buffer.byteLength(answer.body)))
  if (answer.status === 405) fields.push('Allow', allow.join(', '))
  if (answer.code === 'handshake_invalid') fields.push('Sec-WebSocket-Version', '13')
  return fields
}
