import { join } from 'node:path'

import { expect, test } from 'vitest'

import { directoryWith } from '../config/config-directory.ts'
import { runDispatch } from './run-dispatch.ts'

const CONFIG = `onezone: { url: https://onezone.example.org }
routes:
  - { id: public, path: /public/**, token: none, upstream: "http://127.0.0.1:1" }
  - { id: api, path: /**, interface: [oneclient, rest], upstream: "http://127.0.0.1:1" }
`

async function link(...flags: string[]) {
  const file = join(await directoryWith({ 'c.yaml': CONFIG }), 'c.yaml')
  return runDispatch(['token', 'link', '--config', file, ...flags])
}

test('the link is for a route, with caveats of the caller', async () => {
  const { code, stdout } = await link('--route', 'api', '--readonly')
  expect(code).toBe(0)
  const [, template = ''] = /tokenTemplate\.([^\n]+)/.exec(stdout) ?? []
  expect(JSON.parse(atob(decodeURIComponent(template)))).toEqual({
    type: { accessToken: {} },
    caveats: [{ type: 'interface', interface: 'oneclient' }, { type: 'data.readonly' }],
  })
})

test.each([
  [['--route', 'public'], 'route public takes no token'],
  [['--route', 'nope'], 'is not one of the routes: public, api'],
])('what cannot be linked to is said: %j', async (flags, message) => {
  const { code, stderr } = await link(...flags)
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})
