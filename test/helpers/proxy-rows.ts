import { expect } from 'vitest'

import type { Rig, RigOptions, RigRoute } from './proxy-rig.ts'
import { AUTHENTICATED, startRig } from './proxy-rig.ts'
import { openRawClient, readResponse } from './raw-client.ts'
import type { RawResponse } from './raw-client.ts'
import type { RecordedRequest, RecordingUpstream } from './recording-upstream.ts'
import { startRecordingUpstream } from './recording-upstream.ts'

export interface Bench {
  readonly rig: Rig
  readonly upstream: RecordingUpstream
}

/** `/pub/**` for everybody, `/app/**` for alice, `/admin/**` for somebody else. */
export async function startBench(
  more: readonly (Omit<RigRoute, 'upstream'> & { readonly base?: string })[] = [],
  options: RigOptions = {},
): Promise<Bench> {
  const upstream = await startRecordingUpstream()
  const routes: RigRoute[] = [
    { path: '/pub/**', upstream: upstream.url, policy: { token: 'none' } },
    { path: '/app/**', upstream: upstream.url },
    { path: '/admin/**', upstream: upstream.url, policy: { subjects: { ids: ['bob'] } } },
    ...more.map((route) => ({ ...route, upstream: upstream.url + (route.base ?? '') })),
  ]
  return { rig: await startRig(routes, options), upstream }
}

/** Sends bytes, and expects this refusal, the end of the connection, an untouched upstream and a living process. */
export async function expectRefusal(
  { rig, upstream }: Bench,
  bytes: string,
  status: number | readonly number[],
): Promise<RawResponse> {
  const client = await openRawClient(rig.port)
  client.send(bytes)
  const response = readResponse(await client.closed())
  expect([status].flat()).toContain(response.status)
  expect(response.field('content-type')).toBe('application/problem+json')
  expect(response.field('cache-control')).toBe('no-store')
  expect(response.field('connection')).toBe('close')
  expect(upstream.requests).toEqual([])
  await expectAlive({ rig, upstream })
  return response
}

/** Sends a request and expects that the upstream answered it. */
export async function expectForwarded(
  { rig, upstream }: Bench,
  bytes: string,
): Promise<RecordedRequest> {
  const before = upstream.requests.length
  const client = await openRawClient(rig.port)
  client.send(bytes)
  const response = readResponse(await client.until(/\r\n\r\nok$/))
  expect(response.status).toBe(200)
  expect(upstream.requests.length).toBe(before + 1)
  client.socket.destroy()
  const request = upstream.requests[before]
  if (request === undefined) throw new Error('the upstream saw nothing')
  return request
}

export async function expectAlive(bench: Bench): Promise<void> {
  const request = await expectForwarded(bench, `GET /app/alive HTTP/1.1\r\n${AUTHENTICATED}\r\n`)
  expect(request.values('x-onedata-subject-id')).toEqual(['alice'])
}
