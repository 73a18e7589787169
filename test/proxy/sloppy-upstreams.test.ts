import { describe, expect, test } from 'vitest'

import { AUTHENTICATED, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'

async function answerTo(response: string): Promise<string> {
  const upstream = await startRawUpstream((socket) => void socket.write(response, 'latin1'))
  const rig = await startRig([{ path: '/**', upstream: upstream.url }])
  const client = await openRawClient(rig.port)
  client.send(`GET /x HTTP/1.1\r\n${AUTHENTICATED}Connection: close\r\n\r\n`)
  return client.closed()
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('what an upstream may say carelessly, since it can be read in one way only', () => {
  test.each([
    ['a length of nothing in a 100', `HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n${OK}`],
    ['spaces after the size of a chunk', `${CHUNKED}2  \r\nok\r\n0\t \r\n\r\n`],
    ['a head of 60 KB', OK.replace('\r\n\r\n', `\r\nX-Long: ${'x'.repeat(60_000)}\r\n\r\n`)],
    ['400 fields', OK.replace('\r\n\r\n', `${'\r\nX-A: b'.repeat(400)}\r\n\r\n`)],
  ])('%s passes', async (_what, response) => {
    const answer = await answerTo(response)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/ok(?:\r\n0\r\n\r\n)?$/)
  })

  test.each([
    ['200 Very Well', '200 Very Well'],
    ['200 caf\xe9', '200 caf\xe9'],
    ['404 ', '404 Not Found'],
    ['299 Odd: really', '299 Odd: really'],
  ])('the reason phrase of %j is passed on', async (status, line) => {
    const answer = await answerTo(OK.replace('200 OK', status))
    expect(answer.startsWith(`HTTP/1.1 ${line}\r\n`)).toBe(true)
  })
})

describe('what stays refused beside that', () => {
  test.each([
    ['a body of a 100', `HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\nno${OK}`],
    ['chunks of a 100', `HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n${OK}`],
    ['a space before the size of a chunk', `${CHUNKED} 2\r\nok\r\n0\r\n\r\n`],
    ['a space within it', `${CHUNKED}0 2\r\nok\r\n0\r\n\r\n`],
    ['a bare line end after it', `${CHUNKED}2 \nok\r\n0\r\n\r\n`],
    ['a carriage return in a reason', OK.replace('200 OK', '200 O\rK')],
    ['a head of 70 KB', OK.replace('\r\n\r\n', `\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`)],
    ['501 fields', OK.replace('\r\n\r\n', `${'\r\nX-A: b'.repeat(500)}\r\n\r\n`)],
  ])('%s', async (_what, response) => {
    const answer = await answerTo(response)
    // The head may have gone out before: then the response is broken off.
    if (answer.startsWith('HTTP/1.1 200')) expect(answer).not.toMatch(/ok$|0\r\n\r\n$/)
    else expect(answer).toMatch(/^HTTP\/1\.1 502 /)
  })
})
