import type { Socket } from 'node:net'

import type { Rig, RigOptions, RigRoute } from './proxy-rig.ts'
import { AUTHENTICATED, startRig } from './proxy-rig.ts'
import { openRawClient } from './raw-client.ts'
import { startRecordingUpstream } from './recording-upstream.ts'
import type { WebSocketUpstream } from './websocket.ts'
import { HANDSHAKE, startEchoUpstream } from './websocket.ts'

/** A gateway before an upstream that sends every text back. */
export async function startEcho(
  route: Partial<RigRoute> = {},
  options: RigOptions = {},
): Promise<{ rig: Rig; upstream: WebSocketUpstream }> {
  const upstream = await startEchoUpstream()
  return {
    rig: await startRig([{ path: '/**', upstream: upstream.url, ...route }], options),
    upstream,
  }
}

/** A gateway whose upstream answers the head of each request with these bytes, if any, and keeps the socket. */
export async function startBehind(
  answer: string | ((socket: Socket) => void),
  route: Partial<RigRoute> = {},
) {
  const upstream = await startRecordingUpstream({
    ignoreBody: true,
    onHead: (_request, socket) =>
      typeof answer === 'string' ? void socket.write(answer, 'latin1') : answer(socket),
  })
  return { rig: await startRig([{ path: '/**', upstream: upstream.url, ...route }]), upstream }
}

/** Sends a handshake, and leaves the rest to the test. */
export async function shake(rig: Rig, fields = `${AUTHENTICATED}${HANDSHAKE}`) {
  const client = await openRawClient(rig.port)
  client.send(`GET /ws HTTP/1.1\r\n${fields}\r\n`)
  return client
}
