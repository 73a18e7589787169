import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** Node's parser, in as far as it can show what it is reading. */
interface Parser {
  getCurrentBuffer?(): Buffer | undefined
}

/**
 * Tells whether a request that Node's parser has just read is one of RTSP or ICE: it takes those too, in versions that
 * HTTP has, and does not say so. Only while the request is handed over, when what was read is still there.
 */
export function isOfOtherProtocol({ method = '', url = '', socket }: IncomingMessage): boolean {
  const read = (socket as Socket & { parser?: Parser | null }).parser?.getCurrentBuffer?.()
  if (read === undefined) return false
  const line = `${method} ${url} `
  return read.includes(`${line}RTSP/`, 0, 'latin1') || read.includes(`${line}ICE/`, 0, 'latin1')
}
