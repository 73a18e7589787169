import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

import type { Answer } from '../authenticator/index.ts'
import { answerHeaders } from '../authenticator/index.ts'
import type { Incoming, Outgoing } from '../listener/index.ts'
import { awaitRest, endInStages, endRaw } from '../listener/index.ts'
import type { CompiledRoute } from './routes.ts'

/** An unwanted body of so many bytes at most is read, so that its connection can be used again. */
const SHORT_BYTES = 64 * 1024

/** Methods that the gateway carries, of those that people ask about. */
const CARRIED = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Options of {@link sendAnswer}. */
export interface SendAnswerOptions {
  /** Length of the request's body in bytes; null: unknown. */
  readonly bodyLength: number | null
  /** End the connection afterwards, because where the next request begins is not certain. @default false */
  readonly close?: boolean
  /** Further fields: name, value, name, value … @default none */
  readonly fields?: readonly string[]
  /** Methods that would not have been answered 405. @default those that the gateway carries at all */
  readonly allow?: readonly string[]
}

/**
 * Answers a request in the gateway's own name. A body that nobody wanted is read and dropped within bounds, so that its
 * sender gets to read the answer; a connection on which it was not read to its end is never used again.
 */
export function sendAnswer(
  incoming: Incoming,
  outgoing: Outgoing,
  answer: Answer,
  options: SendAnswerOptions,
): void {
  const { bodyLength } = options
  const bounded = bodyLength !== null && bodyLength <= SHORT_BYTES
  const close = options.close === true || (!bounded && !incoming.complete)
  if (close) outgoing.shouldKeepAlive = false
  outgoing.writeHead(answer.status, [
    ...answerFields(answer, options.allow),
    ...(options.fields ?? []),
  ])
  if (close && !incoming.complete) endInStages(incoming, null)
  outgoing.end(answer.body)
  if (!close && bodyLength !== 0) awaitRest(incoming)
}

interface OwnText {
  /** @default 200 */
  readonly status?: number
  readonly fields: readonly string[]
  readonly body: string
}

/** Answers with a text that is the same for everyone. */
export function sendText(
  incoming: Incoming,
  outgoing: Outgoing,
  { status = 200, fields, body }: OwnText,
  { bodyLength }: Pick<SendAnswerOptions, 'bodyLength'>,
): void {
  const close = bodyLength !== 0 && !incoming.complete
  if (close) outgoing.shouldKeepAlive = false
  outgoing.writeHead(status, [...fields, 'Content-Length', String(Buffer.byteLength(body))])
  if (close) endInStages(incoming, null)
  outgoing.end(body)
}

/** Answers `OPTIONS *`: what the gateway carries, whatever its routes take of it. */
export function sendCapabilities(
  incoming: Incoming,
  outgoing: Outgoing,
  asked: Pick<SendAnswerOptions, 'bodyLength'>,
): void {
  sendFields(incoming, outgoing, asked, 200, ['Allow', CARRIED.join(', '), 'Content-Length', '0'])
}

/** Answers a preflight request. */
export function sendPreflight(
  incoming: Incoming,
  outgoing: Outgoing,
  asked: Pick<SendAnswerOptions, 'bodyLength'>,
  fields: string[],
): void {
  sendFields(incoming, outgoing, asked, 204, fields)
}

function sendFields(
  incoming: Incoming,
  outgoing: Outgoing,
  { bodyLength }: Pick<SendAnswerOptions, 'bodyLength'>,
  status: number,
  fields: string[],
): void {
  const close = bodyLength !== 0 && !incoming.complete
  if (close) outgoing.shouldKeepAlive = false
  outgoing.writeHead(status, fields)
  if (close) endInStages(incoming, null)
  outgoing.end()
}

/** What {@link sendAnswer} is told where the route of a request is known. */
export function refusalOptions(
  incoming: Incoming,
  { bodyLength }: Pick<SendAnswerOptions, 'bodyLength'>,
  { cors }: Pick<CompiledRoute, 'cors'>,
): SendAnswerOptions {
  return cors === null ? { bodyLength } : { bodyLength, fields: cors.refusalFields(incoming) }
}

/**
 * Answers whether requests may be sent here.
 *
 * @param unreadiness Why not; null: they may.
 */
export function sendHealth(
  incoming: Incoming,
  outgoing: Outgoing,
  { bodyLength, unreadiness }: { bodyLength: number | null; unreadiness: string | null },
): void {
  const fields = ['Content-Type', 'text/plain', 'Cache-Control', 'no-store']
  const status = unreadiness === null ? 200 : 503
  const text = { status, fields, body: `${unreadiness ?? 'ok'}\n` }
  sendText(incoming, outgoing, text, { bodyLength })
}

/**
 * Answers on a connection that has no response object: before, or instead of, a request that could be read.
 *
 * @param onSent @default the connection ends in stages
 */
export function sendRawAnswer(socket: Duplex, answer: Answer, onSent?: () => void): void {
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`]
  const fields = ['Connection', 'close', ...answerFields(answer)]
  for (let i = 0; i + 1 < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`)
  const text = `${lines.join('\r\n')}\r\n\r\n${answer.body}`
  if (onSent === undefined) endRaw(socket, text)
  else socket.end(text, onSent)
}

/** Breaks a response off so that it cannot be taken for a complete one. */
export function breakOff({ socket }: Incoming, openEnded: boolean): void {
  if (openEnded && !('encrypted' in socket)) socket.resetAndDestroy()
  else socket.destroy()
}

function answerFields(answer: Answer, allow: readonly string[] = CARRIED): string[] {
  const fields = answerHeaders(answer).flat()
  fields.push('Content-Length', String(Buffer.byteLength(answer.body)))
  if (answer.status === 405) fields.push('Allow', allow.join(', '))
  if (answer.code === 'handshake_invalid') fields.push('Sec-WebSocket-Version', '13')
  return fields
}
