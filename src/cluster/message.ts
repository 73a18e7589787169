/**
 * What the processes of one gateway say to each other, over the channel that only they have. It carries tokens, so
 * nothing of it is ever logged.
 *
 * @module
 */

import { Server, Socket } from 'node:net'

import { isJsonObject } from '../json.ts'

/** A message that was read and not understood yet. */
export type Message = Readonly<Record<string, unknown>>

/** What can come with a message: a connection, or a socket on which connections are accepted. */
export type Handle = Socket | Server

/** Gets a message, and what came with it. */
export type MessageListener = (message: Message, handle: Handle | null) => void

/** One end of the channel between a worker and the primary. */
export interface Channel {
  /**
   * What cannot be sent because the other side is gone is lost. What is sent with it stays open here, too.
   *
   * @param onSent Told when the message has left this process. @default nobody is told
   */
  send(message: Message, handle?: Handle, onSent?: () => void): void
  /** Calls back with each message of a kind; all others are none of our business. */
  on(kind: string, listener: MessageListener): void
}

/** Node's side of the channel: this process, or a child process. */
export interface MessageEnd {
  send?(
    message: object,
    handle: Handle | undefined,
    options: { keepOpen: boolean },
    callback: (error: Error | null) => void,
  ): unknown
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown
}

/** Tells our messages from those that Node itself sends. */
const MARK = 'onegate'

/** Makes a channel of Node's. Whatever is malformed is ignored. */
export function createChannel(end: MessageEnd): Channel {
  const listeners = new Map<string, MessageListener>()
  end.on('message', (received, sent) => {
    const handle = sent instanceof Socket || sent instanceof Server ? sent : null
    const kind = isMessage(received) ? received[MARK] : undefined
    const listener = typeof kind === 'string' ? listeners.get(kind) : undefined
    if (isMessage(received) && listener !== undefined) listener(received, handle)
    else if (handle !== null) drop(handle)
  })
  return {
    send({ kind, ...message }, handle, onSent = () => {}) {
      try {
        end.send?.({ [MARK]: kind, ...message }, handle, { keepOpen: true }, (error) => {
          if (error === null) onSent()
        })
      } catch {
        // The channel has been closed in this moment; the other side, or we, are about to end.
      }
    },
    on: (kind, listener) => void listeners.set(kind, listener),
  }
}

/** Closes what came with a message that nobody wants: Node has begun to accept on a socket that it was sent. */
export function drop(handle: Handle): void {
  if (handle instanceof Socket) handle.destroy()
  else handle.close()
}

export function isMessage(value: unknown): value is Message {
  return isJsonObject(value)
}

/** The number that joins an answer to its question; null where there is none. */
export function idOf({ id }: Message): number | null {
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null
}
