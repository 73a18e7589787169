import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

import { onTestFinished } from 'vitest'

/**
 * What a server says to a command, letter by letter; then it may hang up, or go on without an end; null: nothing, ever.
 */
export type RespAnswer =
  string | { readonly text: string; readonly after: 'hang up' | 'go on' } | null

/** A server that says whatever it is told to, over a real socket. */
export interface RespStub {
  readonly url: string
  /** How many connections there were. */
  readonly connections: () => number
  /** How many bytes went out on connections that are over. */
  readonly bytesSent: () => number
  /** Answers a command, given in lower case, and what was given with it; undefined: as a server that has nothing. */
  answer: (command: string, args: readonly string[]) => RespAnswer | undefined
}

/** Starts one, until the test ends. */
export async function startRespStub(): Promise<RespStub> {
  const sockets = new Set<Socket>()
  let connections = 0
  let bytesSent = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    let text = ''
    socket.on('error', () => {})
    socket.on('close', () => {
      bytesSent += socket.bytesWritten
      sockets.delete(socket)
    })
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (;;) {
        const read = readCommand(text)
        if (read === null) return
        text = text.slice(read.length)
        const [command = '', ...args] = read.words
        const name = command.toLowerCase()
        const answer = stub.answer(name, args)
        const said = answer === undefined ? plain(name, args) : answer
        if (typeof said === 'string') socket.write(said, 'latin1')
        else if (said?.after === 'hang up') socket.end(said.text, 'latin1')
        else if (said !== null) goOn(socket, said.text)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const stub: RespStub = {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    bytesSent: () => bytesSent,
    answer: () => undefined,
  }
  return stub
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`

/** What a server says that is empty and takes all. */
function plain(command: string, args: readonly string[]): string {
  if (command === 'get') return '$-1\r\n'
  if (command === 'mget') return `*${args.length}\r\n${'$-1\r\n'.repeat(args.length)}`
  if (command === 'publish') return ':0\r\n'
  if (command === 'ping') return '+PONG\r\n'
  if (command === 'subscribe') return `*3\r\n${bulk('subscribe')}${bulk(args[0] ?? '')}:1\r\n`
  if (command !== 'time') return '+OK\r\n'
  const ms = Date.now()
  return `*2\r\n${bulk(String(Math.floor(ms / 1000)))}${bulk(String((ms % 1000) * 1000))}`
}

function goOn(socket: Socket, text: string): void {
  const more = Buffer.alloc(65_536, 'x')
  const write = (): void => {
    while (socket.writable && socket.write(more));
  }
  socket.write(text, 'latin1')
  socket.on('drain', write)
  write()
}

/** Reads one command as clients write it; null: it is not all there. */
function readCommand(text: string): { readonly words: string[]; readonly length: number } | null {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return null
  const words: string[] = []
  let at = head[0].length
  for (let count = Number(head[1]); count > 0; count--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (size === null) return null
    const from = at + size[0].length
    const to = from + Number(size[1])
    if (text.length < to + 2) return null
    words.push(text.slice(from, to))
    at = to + 2
  }
  return { words, length: at }
}
