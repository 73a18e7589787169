/**
 * The parser that Node has inside, without connections: what a connection costs would be most of a campaign.
 *
 * @module
 */

import { createRequire } from 'node:module'

/** A message as the parser of Node has read it. Text is latin-1. */
export interface ReadMessage {
  readonly method: string
  readonly url: string
  readonly version: string
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly complete: boolean
}

interface Parser {
  initialize(kind: number, resource: object): void
  execute(bytes: Buffer): number | Error
  [callback: number]: (...given: never[]) => number | void
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kOnMessageBegin: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

// There is no other way to it in every version of Node that is supported, and some warn of it.
const warnings = process.emitWarning.bind(process)
process.emitWarning = () => {}
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { HTTPParser: ParserClass }
process.emitWarning = warnings

const REUSED = new HTTPParser()

/** Reads the first message of a text; null: it has none, or is found to be malformed anywhere. */
export function readMessage(text: string, kind: 'request' | 'response'): ReadMessage | null {
  let [major, minor, method, status, url, body, complete, messages] = [
    0,
    0,
    '',
    0,
    '',
    '',
    false,
    0,
  ]
  const headers: string[] = []
  const parser = REUSED
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {})
  parser[HTTPParser.kOnMessageBegin] = () => void messages++
  parser[HTTPParser.kOnHeaders] = (batch: string[], path: string) => {
    // Those that come behind the head are trailers.
    if (messages > 1 || major > 0) return
    headers.push(...batch)
    url += path
  }
  parser[HTTPParser.kOnHeadersComplete] = (
    versionMajor: number,
    versionMinor: number,
    last: string[] | undefined,
    _method: number,
    path: string,
    code: number,
  ) => {
    if (messages > 1) return 0
    ;[major, minor, status] = [versionMajor, versionMinor, code]
    // The parser numbers methods, and each version of Node in its own way.
    method = /^[\r\n]*([A-Z-]+) /.exec(text)?.[1] ?? ''
    headers.push(...(last ?? []))
    url += path ?? ''
    return 0
  }
  parser[HTTPParser.kOnBody] = (part: Buffer) => {
    if (messages === 1) body += part.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    complete ||= messages === 1
  }
  const bytes = Buffer.from(text, 'latin1')
  const read = parser.execute(bytes)
  if (typeof read !== 'number' || messages === 0 || major === 0) return null
  return { method, url, version: `${major}.${minor}`, status, rawHeaders: headers, body, complete }
}
