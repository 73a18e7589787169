import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { StreamEnd } from './events.ts'
import type { Stream } from './open-streams.ts'
import type { FrameReader } from './websocket-frames.ts'
import { closeFrame, createFrameReader } from './websocket-frames.ts'

/** Options of {@link createTunnel}. */
export interface TunnelOptions {
  readonly client: Socket
  readonly upstream: Duplex
  /** Ends the tunnel when no byte has come for so long, in milliseconds; 0: never. */
  readonly idleMs: number
  /** Told once, when one side has ended it. */
  readonly onEnd: (why: StreamEnd) => void
}

/** How long one side may go on when the other has ended, in milliseconds. */
const HALF_CLOSED_MS = 10_000

/** How long the sides may take to end after they were told to, in milliseconds. */
const FAREWELL_MS = 1_000

/** After so long a silence the system asks whether the other side is still there, in milliseconds. */
const KEEP_ALIVE_MS = 30_000

/** Status codes (RFC 6455 §7.4.1, and the IANA registry for 1013) that a client is told. */
const CODES: Readonly<Record<StreamEnd, number>> = {
  refused: 1008,
  unverified: 1013,
  draining: 1001,
  idle: 1001,
  client: 1001,
  upstream: 1001,
}

/** One direction: what `from` sends, `to` gets. */
interface Flow {
  readonly from: Duplex
  readonly to: Duplex
  readonly frames: FrameReader
  /** What came while the tunnel was held: a socket may give out a part after it was told to wait. */
  readonly kept: Buffer[]
  /** Whether `from` has said its last word. */
  ended: boolean
}

/**
 * Carries bytes both ways between two sockets that speak WebSocket. Frames are neither changed nor kept; their heads
 * are followed, so that a close frame can be put in where one may stand. Each side waits for the slower one, an end is
 * passed on as an end, and a failure of one side ends the other.
 */
export function createTunnel(options: TunnelOptions): Stream {
  const { client, upstream, idleMs, onEnd } = options
  const down: Flow = {
    from: upstream,
    to: client,
    frames: createFrameReader(),
    kept: [],
    ended: false,
  }
  const up: Flow = {
    from: client,
    to: upstream,
    frames: createFrameReader(),
    kept: [],
    ended: false,
  }
  let held = false
  let ending = false
  let halfClosed: NodeJS.Timeout | null = null
  const idle = idleMs === 0 ? null : setTimeout(onIdle, idleMs).unref()

  for (const socket of [client, upstream]) {
    if (socket instanceof Socket) socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
    // Whoever has sent its last byte may still have something to read.
    socket.allowHalfOpen = true
  }
  carry(down, 'upstream')
  carry(up, 'client')

  function carry(flow: Flow, side: 'client' | 'upstream'): void {
    const { from, to, kept } = flow
    from.on('error', () => {}) // 'close' follows
    from.on('data', (chunk: Buffer) => {
      if (ending) return
      idle?.refresh()
      if (!held) return pass(flow, chunk)
      kept.push(chunk)
      from.pause()
    })
    to.on('drain', () => {
      if (!held) from.resume()
    })
    from.once('end', () => {
      flow.ended = true
      if (!ending && !held) passEnd(flow)
    })
    from.once('close', () => {
      if (idle !== null) clearTimeout(idle)
      if (to.closed && halfClosed !== null) clearTimeout(halfClosed)
      onEnd(side)
      // After an end there may be something left to write, and `to` goes when that is written.
      if (!from.readableEnded) to.destroy()
    })
  }

  function pass({ from, to, frames }: Flow, chunk: Buffer): void {
    frames.read(chunk)
    if (to.writable && !to.write(chunk)) from.pause()
  }

  function passEnd({ to }: Flow): void {
    if (to.writable) to.end()
    halfClosed ??= setTimeout(destroy, HALF_CLOSED_MS).unref()
  }

  function destroy(): void {
    client.destroy()
    upstream.destroy()
  }

  function onIdle(): void {
    onEnd('idle')
    end('idle', 'idle', 0)
  }

  function hold(): void {
    held = true
    client.pause()
    upstream.pause()
  }

  function release(): void {
    held = false
    for (const flow of [down, up]) {
      for (const chunk of flow.kept.splice(0)) pass(flow, chunk)
      if (flow.ended) passEnd(flow)
      else if (!flow.to.writableNeedDrain) flow.from.resume()
    }
  }

  function end(why: StreamEnd, reason: string, patienceMs: number): void {
    if (ending) return
    ending = true
    if (idle !== null) clearTimeout(idle)
    leave(up, closeFrame(1001, '', 'server'))
    const farewell = closeFrame(CODES[why], reason, 'client')
    finishFrame(patienceMs, () => leave(down, farewell))
    setTimeout(destroy, patienceMs + FAREWELL_MS).unref()
  }

  /** Lets the frame that is on its way to the client come to its end, if it does in time. */
  function finishFrame(patienceMs: number, then: () => void): void {
    const { from, to, frames } = down
    if (frames.atBoundary || patienceMs === 0 || from.readableEnded) {
      then()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      from.off('data', onData).off('end', done).off('close', done)
      then()
    }
    const onData = (chunk: Buffer): void => {
      const more = to.write(chunk.subarray(0, frames.readFrame(chunk)))
      if (frames.atBoundary) done()
      else if (!more) from.pause()
    }
    const timer = setTimeout(done, patienceMs)
    from.on('data', onData).once('end', done).once('close', done)
    from.resume()
  }

  return { hold, release, end }
}

/** Says the last word of a flow, where there is room for one, and reads away what its receiver still sends. */
function leave({ to, frames }: Flow, lastWord: Buffer): void {
  if (to.writable) {
    if (frames.atBoundary && !frames.sawClose) to.end(lastWord)
    else to.end()
  }
  to.resume()
}
