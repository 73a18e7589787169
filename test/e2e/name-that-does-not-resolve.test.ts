import { expect, onTestFinished, test } from 'vitest'

import { createGateway, loadConfig } from '../../src/gateway/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

// Each request to such a name took one of the four threads that look names up, and 33 of 43 proven tokens failed.

test('twenty requests to a name that does not resolve make no proven token fail', async () => {
  const onezone = await startOnezone()
  const { url } = await startUpstream()
  const directory = await directoryWith({
    'onegate.yaml': `onezone: { url: '${onezone.url.replace('127.0.0.1', 'localhost')}' }
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
accessLog: { to: none }
routes:
  - { path: /dead/**, token: none, upstream: 'http://no-such-name.invalid:1' }
  - { path: /**, upstream: '${url.replace('127.0.0.1', 'localhost')}' }
verdicts: { maxStalenessMs: 2500 }
`,
  })
  const gateway = await createGateway(await loadConfig({ file: `${directory}/onegate.yaml` }))
  onTestFinished(() => gateway.close())
  const headers = { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) }
  const status = async (path: string): Promise<number> => {
    const response = await fetch(`${gateway.url}${path}`, { headers })
    await response.text()
    return response.status
  }
  expect(await status('/first')).toBe(200)
  const dead = Array.from({ length: 20 }, () => status('/dead/x'))
  const proven: number[] = []
  for (let count = 0; count < 43; count++) proven.push(await status(`/${count}`))
  expect(proven.filter((each) => each !== 200)).toEqual([])
  for (const each of await Promise.all(dead)) expect([502, 504]).toContain(each)
}, 60_000)
