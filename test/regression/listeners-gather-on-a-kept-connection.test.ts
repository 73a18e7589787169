import { expect, onTestFinished, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startUpstream } from '../helpers/upstream.ts'

// Each refusal of a short upload that had not come yet left a listener on its connection, which is kept for the next.

test('refusing many short uploads on one connection gathers no listeners on it', async () => {
  const warnings: string[] = []
  const note = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', note)
  onTestFinished(() => void process.off('warning', note))
  const { url } = await startUpstream()
  const rig = await startRig([{ path: '/**', upstream: url }])
  const client = await openRawClient(rig.port)
  for (let count = 1; count <= 15; count++) {
    client.send(`POST /x HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 3\r\n\r\n`)
    await client.untilCount('HTTP/1.1 401', count)
    client.send('abc')
  }
  client.send('GET /x HTTP/1.1\r\nHost: gw.test\r\n\r\n')
  await client.untilCount('HTTP/1.1 401', 16)
  expect(warnings).toEqual([])
})
