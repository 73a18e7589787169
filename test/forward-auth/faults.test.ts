import { expect, onTestFinished, test } from 'vitest'

import type { RouteAuthenticator } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import { assembleJudge, createForwardAuth } from '../../src/forward-auth/index.ts'
import { openListener } from '../../src/listener/index.ts'
import { inOneGo } from '../../src/slices.ts'
import { askAt, describeRequest } from '../helpers/forward-auth-rig.ts'

const BROKEN = new Error('the authenticator is broken')

const WAYS: Readonly<Record<string, RouteAuthenticator['authenticate']>> = {
  'at once': () => {
    throw BROKEN
  },
  later: () => Promise.reject(BROKEN),
}

test.each(Object.entries(WAYS))(
  'a fault that comes %s refuses the one question, is logged, and leaves the door open',
  async (_when, authenticate) => {
    const lines: unknown[] = []
    const logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (facts: object, message: string) => void lines.push([facts, message]),
    }
    const verifier = {
      verify: () => Promise.reject(new Error('no token is verified here')),
      close: () => Promise.resolve(),
    }
    const authenticator = createAuthenticator({ verifier, trustedProxies: [] })
    const open = authenticator.route({ id: 'open', token: 'none' })
    const broken = { ...authenticator.route({ id: 'broken', token: 'access' }), authenticate }
    const events: unknown[] = []
    const judge = inOneGo(
      assembleJudge({
        routes: [
          { id: 'open', path: '/open/**', authenticator: open },
          { id: 'broken', path: '/**', authenticator: broken },
        ],
        logger,
        onQuestion: ({ routeId, outcome, code }) => void events.push([routeId, outcome, code]),
      }),
    )
    const door = createForwardAuth({ judge, trustedProxies: [], anyAsker: true })
    const listener = await openListener({ on: { host: '127.0.0.1', port: 0 }, door })
    onTestFinished(() => listener.drain(0))

    const [path, fields] = describeRequest('traefik')
    const failed = await askAt(listener.url, path, fields)
    expect([failed.status, failed.code]).toEqual([500, 'internal_error'])
    expect(lines).toEqual([
      [
        expect.objectContaining({ route: 'broken', err: BROKEN }),
        'a question could not be answered',
      ],
    ])
    const [openPath, openFields] = describeRequest('traefik', { target: '/open/a' })
    expect((await askAt(listener.url, openPath, openFields)).status).toBe(200)
    expect(events).toEqual([
      ['broken', 'fault', 'internal_error'],
      ['open', 'granted', null],
    ])
  },
)
