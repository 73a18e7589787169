/**
 * What the processes of one gateway say to each other, over the channel that only they have. It carries tokens, so
 * nothing of it is ever logged.
 *
 * @module
 */

import { Socket } from 'node:net'

import { isJsonObject } from '../json.ts'

/** A message that was read and not understood yet. */
export type Message = Readonly<Record<string, unknown>>

/** Gets a message, and the connection that came with it. */
export type MessageListener = (message: Message, socket: Socket | null) => void

/** One end of the channel between a worker and the primary. */
export interface Channel {
  /**
   * What cannot be sent because the other side is gone is lost. A connection that is sent stays open here, too.
   *
   * @param onSent Told when the message has left this process. @default nobody is told
   */
  send(message: Message, socket?: Socket, onSent?: () => void): void
  /** Calls back with each message of a kind; all others are none of our business. */
  on(kind: string, listener: MessageListener): void
}

/** Node's side of the channel: this process, or a child process. */
export interface MessageEnd {
  send?(
    message: object,
    socket: Socket | undefined,
    options: { keepOpen: boolean },
    callback: (error: Error | null) => void,
  ): unknown
  on(event: 'message', listener: (message: unknown, socket: unknown) => void): unknown
}

/** Tells our messages from those that Node itself sends. */
const MARK = 'onegate'

/** Makes a channel of Node's. Whatever is malformed is ignored. */
export function createChannel(end: MessageEnd): Channel {
  const listeners = new Map<string, MessageListener>()
  end.on('message', (received, handle) => {
    const socket = handle instanceof Socket ? handle : null
    const kind = isMessage(received) ? received[MARK] : undefined
    const listener = typeof kind === 'string' ? listeners.get(kind) : undefined
    if (isMessage(received) && listener !== undefined) listener(received, socket)
    else socket?.destroy()
  })
  return {
    send({ kind, ...message }, socket, onSent = () => {}) {
      try {
        end.send?.({ [MARK]: kind, ...message }, socket, { keepOpen: true }, (error) => {
          if (error === null) onSent()
        })
      } catch {
        // The channel has been closed in this moment; the other side, or we, are about to end.
      }
    },
    on: (kind, listener) => void listeners.set(kind, listener),
  }
}

export function isMessage(value: unknown): value is Message {
  return isJsonObject(value)
}

/** The number that joins an answer to its question; null where there is none. */
export function idOf({ id }: Message): number | null {
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null
}
