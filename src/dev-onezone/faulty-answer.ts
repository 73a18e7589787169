import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fault } from './faults.ts'
import type { Reply } from './reply.ts'
import { emptyReply, jsonReply, sendReply, withLength } from './reply.ts'

/** Answers a request, or lets happen to it what a fault says. `execute` runs the operation. */
export async function answerWithFault(
  fault: Fault | null,
  request: IncomingMessage,
  response: ServerResponse,
  execute: () => Promise<Reply>,
): Promise<void> {
  if (fault === null) return sendReply(response, await execute())
  switch (fault.kind) {
    case 'latency': {
      const early = fault.phase === 'answer' ? await execute() : null
      if (await passes(fault.latencyMs, response)) sendReply(response, early ?? (await execute()))
      return
    }
    case 'truncate':
      return sendTruncated(response, await execute(), fault.bytes)
    case 'reset':
      request.socket.resetAndDestroy()
      return
    case 'hang':
      return
    case 'status': {
      const { status, body, retryAfterSeconds: seconds } = fault
      const headers = seconds === undefined ? {} : { 'Retry-After': String(seconds) }
      const reply =
        body === undefined ? emptyReply(status, headers) : jsonReply({ status, body, headers })
      return sendReply(response, reply)
    }
    case 'garbage':
      return sendReply(response, { ...jsonReply({ status: 200 }), text: fault.text ?? GARBAGE })
    case 'redirect':
      return sendReply(response, emptyReply(302, { Location: fault.location }))
  }
}

const GARBAGE = '<html><body>It works!</body></html>'

/** An answer without body is lost as a whole, and the last octet is never sent: a complete answer would be no fault. */
function sendTruncated(response: ServerResponse, reply: Reply, bytes?: number): void {
  const { status, headers, text } = reply
  const body = Buffer.from(text)
  if (body.length === 0) {
    response.destroy()
    return
  }
  const length = Math.min(bytes ?? Math.floor(body.length / 2), body.length - 1)
  response.writeHead(status, withLength(headers, text))
  // An empty write would send nothing, not even the head.
  response.flushHeaders()
  response.write(body.subarray(0, length), () => response.destroy())
}

/** Waits; false if the connection ended before. */
function passes(latencyMs: number, response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      response.off('close', onClose)
      resolve(true)
    }, latencyMs)
    response.once('close', onClose)
  })
}
