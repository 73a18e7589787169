import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'

import { isJsonObject } from '../json.ts'
import { ECHO_MARK } from './echo-upstream.ts'
import { CommandFailure } from './failure.ts'

/** What came back of one request. */
export interface Probed {
  readonly status: number
  /** What the echo was told; null: it was not asked, or something else answered. */
  readonly echo: Echoed | null
}

/** What the echo was told. */
export interface Echoed {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Names of the credentials that reached it. */
  readonly credentials: readonly string[]
}

const TIMEOUT_MS = 10_000

/** An echo says little. */
const LONGEST = 256 * 1024

/**
 * Sends a request with exactly these fields.
 *
 * @param fields Name, value, name, value …
 * @throws {CommandFailure} where there is no answer.
 */
export function probe(url: URL, fields: readonly string[]): Promise<Probed> {
  const request = url.protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const fail = ({ message }: Error): void =>
      reject(new CommandFailure(`${url.origin} gave no answer: ${message}`))
    const asking = request(
      url,
      { agent: false, setHost: false, timeout: TIMEOUT_MS, headers: ['Host', url.host, ...fields] },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          body += chunk
          if (body.length > LONGEST) asking.destroy(new Error('it is too long for one of an echo'))
        })
        answer.on('error', fail)
        answer.on('end', () => {
          const isEcho = answer.headers[ECHO_MARK] !== undefined
          resolve({ status: answer.statusCode ?? 0, echo: isEcho ? readEcho(body) : null })
          asking.destroy()
        })
      },
    )
    asking.on('timeout', () => asking.destroy(new Error(`it took longer than ${TIMEOUT_MS} ms`)))
    asking.on('error', fail)
    asking.end()
  })
}

function readEcho(body: string): Echoed | null {
  try {
    const told: unknown = JSON.parse(body)
    if (!isJsonObject(told)) return null
    const { headers, credentials = [] } = told
    if (!isJsonObject(headers) || !Array.isArray(credentials)) return null
    const texts = Object.entries(headers).map(([name, value]) => [name, String(value)])
    return {
      headers: Object.fromEntries(texts) as Record<string, string>,
      credentials: credentials.map(String),
    }
  } catch {
    return null
  }
}
