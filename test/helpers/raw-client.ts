import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { onTestFinished } from 'vitest'

/** One connection whose every byte the test decides. Text is latin-1: one character, one byte. */
export interface RawClient {
  readonly socket: Socket
  send(bytes: string): void
  /** Breaks the connection off. */
  reset(): void
  /** Everything received so far. */
  received(): string
  /** Waits until what was received fits, or the connection is over. */
  until(pattern: RegExp | string): Promise<string>
  /** Waits until a text was received this many times, or the connection is over. */
  untilCount(text: string, count: number): Promise<string>
  /** Waits for the end of the connection; rejects if it does not come within `ms`. */
  closed(ms?: number): Promise<string>
  /** Whether the connection ended, and how. */
  ended(): 'open' | 'fin' | 'reset'
}

/** @param secure Whether it speaks TLS; who is there does not matter then. */
export async function openRawClient(port: number, secure = false): Promise<RawClient> {
  const below = connect({ port, host: '127.0.0.1' })
  const socket = secure ? connectTls({ socket: below, rejectUnauthorized: false }) : below
  let received = ''
  let ended: 'open' | 'fin' | 'reset' = 'open'
  const watchers = new Set<() => void>()
  const notify = (): void => watchers.forEach((watcher) => watcher())
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
    notify()
  })
  socket.on('end', () => {
    ended = 'fin'
    notify()
  })
  socket.on('error', () => {
    ended = 'reset'
    notify()
  })
  socket.on('close', () => {
    if (ended === 'open') ended = 'fin'
    notify()
  })
  onTestFinished(() => {
    socket.destroy()
  })
  await new Promise<void>((resolve) => socket.once(secure ? 'secureConnect' : 'connect', resolve))

  const when = (what: string, holds: () => boolean, ms = 20_000): Promise<string> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        if (!holds()) return
        clearTimeout(timer)
        watchers.delete(settle)
        resolve(received)
      }
      const timer = setTimeout(() => {
        watchers.delete(settle)
        reject(new Error(`waited ${ms} ms for ${what}; received: ${received.slice(0, 2000)}`))
      }, ms)
      watchers.add(settle)
      settle()
    })

  return {
    socket,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    reset: () => void below.resetAndDestroy(),
    received: () => received,
    until: (pattern) =>
      when(
        String(pattern),
        () =>
          ended !== 'open' ||
          (typeof pattern === 'string' ? received.includes(pattern) : pattern.test(received)),
      ),
    untilCount: (text, count) =>
      when(`${count} times ${text}`, () => ended !== 'open' || received.split(text).length > count),
    closed: (ms) => when('the end of the connection', () => ended !== 'open', ms),
    ended: () => ended,
  }
}

/** Status, header fields (names in lower case, in order) and body of the first response in a text. */
export interface RawResponse {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  field(name: string): string | undefined
}

export function readResponse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n')
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const fields = lines.map((field): [string, string] => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
  })
  return {
    status: Number(line.split(' ')[1]),
    fields,
    body: text.slice(end + 4),
    field: (name) => fields.find(([known]) => known === name)?.[1],
  }
}
