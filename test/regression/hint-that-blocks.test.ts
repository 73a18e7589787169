import { expect, test } from 'vitest'

import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { OK, startRecordingUpstream } from '../helpers/recording-upstream.ts'

// Node's own look at a link takes 2^n steps for n parameters: with these, until the end of days.

const WELL = '</style.css>; rel=preload; as="style"; crossorigin'

async function hinted(...links: readonly string[]): Promise<string> {
  const upstream = await startRecordingUpstream({
    respond: (_request, socket) => {
      const fields = links.map((link) => `Link: ${link}\r\n`).join('')
      socket.write(`HTTP/1.1 103 Early Hints\r\n${fields}\r\n${OK}`)
    },
  })
  const rig = await startRig([
    { path: '/**', upstream: upstream.url, policy: { token: 'none' }, informational: true },
  ])
  const client = await openRawClient(rig.port)
  client.send('GET /x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n')
  return client.closed()
}

test.each([
  ['ends in a quotation mark', `<x>${';a=a'.repeat(100)}"`],
  ['ends in a space', `<x>${';a==a'.repeat(100)};`],
  ['has an open quotation', `<x>${';a="a"'.repeat(100)};a="`],
  ['is long', `<x>${';a=a'.repeat(256)}`],
])('a hint that %s holds nobody up, and takes no other hint with it', async (_how, link) => {
  const received = await hinted(link, WELL)
  expect(received).toContain(`HTTP/1.1 103 Early Hints\r\nLink: ${WELL}\r\n\r\n`)
  expect(received).not.toContain('<x>')
  expect(received).toMatch(/HTTP\/1\.1 200 OK[^]*\r\nok$/)
})

test('only hints that hold everybody up are an answer without hints', async () => {
  expect(await hinted(`<x>${';a=a'.repeat(100)}"`)).toMatch(/^HTTP\/1\.1 200 OK/)
})

test('a response has only so many hints', async () => {
  const received = await hinted(Array.from({ length: 100 }, (_, i) => `</${i}>; rel=a=b`).join())
  expect(received).toContain('</31>; rel=a=b')
  expect(received).not.toContain('</32>')
  expect(received).toMatch(/HTTP\/1\.1 200 OK/)
})
