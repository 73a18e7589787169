import type { NetConnectOpts } from 'node:net'
import { Socket } from 'node:net'

/** Where a connection goes. */
export interface ConnectionTarget {
  readonly host: string
  readonly port: number
  /** Of a Unix socket, in place of host and port. @default null */
  readonly socketPath?: string | null | undefined
  readonly connectMs: number
}

/** Options of {@link UpstreamSocket}. */
export interface UpstreamSocketOptions {
  /** Where to read to; used again when `onRead` returns. */
  readonly buffer: Uint8Array
  /** Told how many bytes came. @returns Whether to go on reading. */
  readonly onRead: (count: number) => boolean
  /** Told of a write that failed, while such are borne. */
  readonly onWriteError: (error: Error) => void
}

/** So that a peer that has vanished is noticed under a response that never ends. */
const PROBE_AFTER_MS = 60_000

type Done = (error?: Error | null) => void

/**
 * A socket that can still be read after a write to it has failed. Node destroys its own in that case, and with it the
 * answer that an upstream gave before it would not hear the rest of an upload (RFC 9112 §9.6).
 */
export class UpstreamSocket extends Socket {
  /** Whether a write that fails from now on is told, and leaves the socket to be read and destroyed by its owner. */
  bearsWriteErrors: boolean = false
  readonly #onWriteError: (error: Error) => void

  /** Connects. */
  constructor({ host, port, socketPath }: ConnectionTarget, options: UpstreamSocketOptions) {
    const { buffer, onRead, onWriteError } = options
    const all: NetConnectOpts = {
      ...(typeof socketPath === 'string' ? { path: socketPath } : { host, port }),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
      onread: { buffer, callback: onRead },
    }
    super(all)
    this.#onWriteError = onWriteError
    this.connect(all)
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, this.bearsWriteErrors ? this.#bear(done) : done)
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, this.bearsWriteErrors ? this.#bear(done) : done)
  }

  /** A write that is never done: what waits behind it is never sent. */
  #bear(done: Done): Done {
    return (error) => {
      if (error === undefined || error === null) done()
      else this.#onWriteError(error)
    }
  }
}
