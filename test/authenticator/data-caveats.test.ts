import { describe, expect, test } from 'vitest'

import { compileDataMapping } from '../../src/authenticator/index.ts'
import type { Caveat } from '../../src/token/index.ts'
import { accepted, startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRecordingUpstream } from '../helpers/recording-upstream.ts'
import { mint } from '../helpers/tokens.ts'

const DIRECTORY: Caveat = {
  type: 'data.path',
  whitelist: [Buffer.from('/space1/dir').toString('base64')],
}
const READONLY: Caveat = { type: 'data.readonly' }
const FILE: Caveat = {
  type: 'data.objectid',
  whitelist: [`${'00'.repeat(8)}${Buffer.from('guid#file1#space1').toString('hex')}`],
}

/** A route that enforces, before an upstream that must see nothing but what is allowed. */
async function startBench() {
  const upstream = await startRecordingUpstream()
  const rig = await startRig(
    [
      {
        path: '/files/:space/**',
        upstream: upstream.url,
        policy: {
          caveats: { data: 'enforce' },
          data: {
            from: '/files/:space/**',
            path: '/:space/**',
            spaces: { climate: 'space1' },
            reads: ['PROPFIND'],
            query: ['download'],
          },
        },
      },
      {
        path: '/ids/:file',
        upstream: upstream.url,
        policy: { caveats: { data: 'enforce' }, data: { from: '/ids/:file', id: ':file' } },
      },
    ],
    { verify: () => accepted() },
  )
  return {
    upstream,
    async ask(caveats: Caveat[], line: string, fields = ''): Promise<string> {
      const client = await openRawClient(rig.port)
      client.send(
        `${line} HTTP/1.1\r\nHost: gw.test\r\nX-Auth-Token: ${mint({ caveats })}\r\n${fields}\r\n`,
      )
      const text = await client.until(/HTTP\/1\.1 200|"code":"/)
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? []
      const [, code] = /"code":"(\w+)"/.exec(text) ?? []
      client.socket.destroy()
      return code === undefined ? String(status) : `${status} ${code}`
    },
  }
}

describe('a token with data caveats, by the URL alone', () => {
  test.each<[string, Caveat[], string, string, string]>([
    ['inside', [DIRECTORY], 'GET /files/climate/dir/a', '', '200'],
    ['the directory itself', [DIRECTORY], 'GET /files/climate/dir', '', '200'],
    ['with a slash at its end', [DIRECTORY], 'GET /files/climate/dir/', '', '200'],
    ['written', [DIRECTORY], 'PUT /files/climate/dir/a', 'Content-Length: 0\r\n', '200'],
    ['beside it', [DIRECTORY], 'GET /files/climate/dirt', '', '403 data_path_outside'],
    ['above it', [DIRECTORY], 'GET /files/climate', '', '403 data_path_outside'],
    ['in another case', [DIRECTORY], 'GET /files/climate/DIR/a', '', '403 data_path_outside'],
    ['in a space by its id', [DIRECTORY], 'GET /files/space1/dir/a', '', '400 request_invalid'],
    [
      'with a path in two readings',
      [DIRECTORY],
      'GET /files/climate/dir/%252e%252e/x',
      '',
      '400 request_invalid',
    ],
    ['with an empty segment', [DIRECTORY], 'GET /files/climate/dir//x', '', '400 request_invalid'],
    ['with a query that is listed', [DIRECTORY], 'GET /files/climate/dir/a?download=1', '', '200'],
    [
      'with another query',
      [DIRECTORY],
      'GET /files/climate/dir/a?prefix=/',
      '',
      '403 caveat_not_enforced',
    ],
    [
      'copied',
      [DIRECTORY],
      'PUT /files/climate/dir/a',
      'x-amz-copy-source: /s/b\r\nContent-Length: 0\r\n',
      '403 caveat_not_enforced',
    ],
    [
      'moved',
      [DIRECTORY],
      'MOVE /files/climate/dir/a',
      'Destination: /x\r\n',
      '403 caveat_not_enforced',
    ],
    [
      'overridden',
      [DIRECTORY],
      'GET /files/climate/dir/a',
      'X-HTTP-Method-Override: DELETE\r\n',
      '403 caveat_not_enforced',
    ],
    [
      'overridden by a name that CGI reads alike',
      [DIRECTORY],
      'GET /files/climate/dir/a',
      'X.HTTP.Method.Override: DELETE\r\n',
      '403 caveat_not_enforced',
    ],
    [
      'copied by a name that CGI reads alike',
      [DIRECTORY],
      'PUT /files/climate/dir/a',
      'x!amz!copy!source: /s/b\r\nContent-Length: 0\r\n',
      '403 caveat_not_enforced',
    ],
    [
      'listed without bound',
      [DIRECTORY],
      'PROPFIND /files/climate/dir',
      '',
      '403 caveat_not_enforced',
    ],
    ['listed', [DIRECTORY], 'PROPFIND /files/climate/dir', 'Depth: 1\r\n', '200'],
    [
      'by CDMI',
      [DIRECTORY],
      'PUT /files/climate/dir/a',
      'Content-Type: application/cdmi-object\r\nContent-Length: 0\r\n',
      '403 caveat_not_enforced',
    ],
    ['read only', [READONLY, DIRECTORY], 'GET /files/climate/dir/a', '', '200'],
    [
      'read only, written',
      [READONLY, DIRECTORY],
      'PUT /files/climate/dir/a',
      'Content-Length: 0\r\n',
      '403 data_readonly',
    ],
    ['read only, deleted', [READONLY], 'DELETE /files/climate/x', '', '403 data_readonly'],
    [
      'read only, upgraded',
      [READONLY],
      'GET /files/climate/x',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      '403 data_readonly',
    ],
    [
      'a file by its id',
      [FILE],
      `GET /ids/${FILE.type === 'data.objectid' ? FILE.whitelist[0] : ''}`,
      '',
      '200',
    ],
    [
      'another file',
      [FILE],
      `GET /ids/${'00'.repeat(8)}${Buffer.from('guid#file2#space1').toString('hex')}`,
      '',
      '403 data_path_outside',
    ],
    ['a path where ids are known', [DIRECTORY], 'GET /ids/00', '', '403 caveat_not_enforced'],
    ['no data caveat', [], 'MOVE /files/x/y?any', 'Destination: /x\r\n', '200'],
  ])('%s', async (_name, caveats, line, fields, answer) => {
    const bench = await startBench()
    expect(await bench.ask(caveats, line, fields)).toBe(answer)
    expect(bench.upstream.requests).toHaveLength(answer === '200' ? 1 : 0)
  })
})

test.each([
  [{ from: '/a/**' }, /needs "path" or "id"/],
  [{ from: '/a/:b', path: '/:b/**' }, /must end in \/\*\*/],
  [{ from: '/a/**', path: '/:b/**' }, /has ":b", which the path of the route lacks/],
  [{ from: '/a/**', id: ':c' }, /no parameter ":c"/],
])('a mapping that makes no sense is refused: %j', (mapping, message) => {
  expect(() => compileDataMapping(mapping)).toThrow(message)
})
