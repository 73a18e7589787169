import type { ServerResponse } from 'node:http'
import type { ConfigProblem } from '../errors.ts'
import type { Answer } from './answers.ts'
import { encodeJson } from './json-text.ts'

/** What goes over the wire. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Empty: no body. */
  readonly text: string
}

/**
 * The reply of an operation: JSON, and its media type even where there is no body (Onezone API, §16). What is no text
 * cannot be answered: the original fails then.
 */
export function jsonReply({ status, body, headers }: Answer): Reply {
  const text = body === undefined ? '' : encodeJson(body)
  if (text === null) return emptyReply(500)
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, text }
}

/** A reply of the web server itself: no body and no media type. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, text: '' }
}

/** What the control API answers to input that it cannot use: RFC 9457, with every problem, its path and the remedy. */
export function problemReply(
  status: number,
  problems: readonly Pick<ConfigProblem, 'path' | 'message'>[],
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const detail = problems
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ')
  const problem = {
    type: 'about:blank',
    title: 'The control request cannot be carried out',
    status,
    detail,
    problems: problems.map(({ path, message }) => ({ path, message })),
  }
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
    text: JSON.stringify(problem),
  }
}

export function sendReply(response: ServerResponse, { status, headers, text }: Reply): void {
  response.writeHead(status, status === 204 ? headers : withLength(headers, text))
  response.end(text)
}

/** The headers with the length of the whole body, which is announced even where less of it is sent. */
export function withLength(
  headers: Readonly<Record<string, string>>,
  text: string,
): Record<string, string | number> {
  return { ...headers, 'Content-Length': Buffer.byteLength(text) }
}
