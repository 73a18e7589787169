import { createAdaptorServer } from '@hono/node-server'
import type { Env } from 'hono'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'

import type { Verification } from '../../src/index.ts'
import { createVerification, onedataAuth } from '../../src/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { ask } from './raw-exchange.ts'

// The middleware behind a real server, where applications mount it in other ways than its example does.

async function start(
  assemble: (guard: ReturnType<typeof onedataAuth>) => { fetch: Hono<Env>['fetch'] },
): Promise<{ token: string; status: (target: string) => Promise<number | undefined> }> {
  const onezone = await startOnezone()
  const verification: Verification = createVerification({ onezone: { url: onezone.url } })
  const app = assemble(onedataAuth({ verification }))
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.close()
    await verification.close()
  })
  const { port } = server.address() as { port: number }
  return {
    token: onezone.createTemporaryToken({ subject: ALICE }),
    status: async (target) =>
      (await ask(port, `GET ${target} HTTP/1.1\r\nHost: gw.test\r\n\r\n`)).statuses[0],
  }
}

const inner = (guard: ReturnType<typeof onedataAuth>): Hono =>
  new Hono().use('/app/*', guard).all('/*', (c) => c.text('handled'))

test.each<[string, (guard: ReturnType<typeof onedataAuth>) => Hono]>([
  ['mounted', (guard) => new Hono().mount('/gw', inner(guard).fetch)],
  ['a route of another', (guard) => new Hono().route('/gw', inner(guard))],
  [
    'with a base path',
    (guard) =>
      new Hono()
        .basePath('/gw')
        .use('/app/*', guard)
        .all('/*', (c) => c.text('handled')),
  ],
])('S-063 S-064 the guard of an application that is %s runs', async (_, assemble) => {
  const { status } = await start(assemble)
  for (const target of ['/gw/app/x', '/gw/app', '/gw/app/', '/%67w/app/x', '/gw/%61pp/x']) {
    expect(await status(target), target).not.toBe(200)
  }
  expect(await status('/gw/other')).toBe(200)
})

test('S-162 what a handler changes of an identity is not there the next time', async () => {
  const seen: unknown[] = []
  const onezone = await startOnezone()
  const verification = createVerification({ onezone: { url: onezone.url } })
  onTestFinished(() => verification.close())
  const app = new Hono().use(onedataAuth({ verification })).all('/*', (c) => {
    const { subject } = c.var.onedata
    seen.push({ ...subject })
    try {
      Object.assign(subject, { id: 'root' })
    } catch {
      // It is frozen.
    }
    return c.text('handled')
  })
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const request = { headers: { Authorization: `Bearer ${token}` } }
  await app.request('/', request)
  await app.request('/', request)
  expect(seen).toHaveLength(2)
  expect(seen[1]).toEqual(seen[0])
})
