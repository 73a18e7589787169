import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { freePort } from '../helpers/front-proxy.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { hasProgram, run, startProgram, temporaryDirectory } from '../helpers/programs.ts'
import { S3_KEYS, startS3Server } from '../helpers/s3-server.ts'

/** What people call files; rclone escapes them each in its own way. */
const NAMES = [
  'plain.txt',
  'with space',
  'two  spaces',
  'plus+plus',
  'per%cent',
  'per%41',
  'hash#hash',
  'question?',
  'amp&amp',
  'semi;colon',
  'comma,comma',
  'equals=equals',
  'at@at',
  'colon:colon',
  "quote'quote",
  'double"quote',
  'report[1].pdf',
  'braces{1}',
  'paren(1)',
  'caret^caret',
  'tick`tick',
  'tilde~tilde',
  'pipe|pipe',
  'less<more>',
  'dollar$star*',
  'ünïcödé',
  '日本語',
  '.hidden',
]

const rclone = hasProgram('rclone', 'version') ? describe : describe.skip

/** The files, each with its name in it. */
function filesIn(directory: string): string {
  mkdirSync(directory)
  for (const name of NAMES) writeFileSync(join(directory, name), `this is ${name}`)
  return directory
}

function expectSame(directory: string): void {
  expect(readdirSync(directory).sort()).toEqual([...NAMES].sort())
  for (const name of NAMES) {
    expect(readFileSync(join(directory, name), 'utf8')).toBe(`this is ${name}`)
  }
}

rclone('rclone', { timeout: 120_000 }, () => {
  test('copies files with odd names by WebDAV there and back, with a token as its password', async () => {
    const home = temporaryDirectory('rclone')
    const served = join(home, 'served')
    mkdirSync(served)
    const port = await freePort()
    startProgram('rclone', ['serve', 'webdav', served, '--addr', `127.0.0.1:${port}`], home)
    const onezone = await startOnezone()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes: [{ path: /**, credentials: [basic-password], upstream: 'http://127.0.0.1:${port}' }]\n`,
    })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const remoteFor = async (password: string): Promise<readonly string[]> => [
      '--webdav-url',
      gateway.url,
      '--webdav-vendor',
      'other',
      '--webdav-user',
      'alice',
      '--webdav-pass',
      (await run('rclone', ['obscure', password], { home })).trim(),
      '--retries',
      '1',
      '--low-level-retries',
      '1',
    ]
    const remote = await remoteFor(token)
    await expect
      .poll(() => run('rclone', ['lsf', ':webdav:', ...remote], { home }).catch(String), {
        timeout: 30_000,
      })
      .toBe('')
    const local = filesIn(join(home, 'local'))
    await run('rclone', ['copy', local, ':webdav:files', ...remote], { home })
    expectSame(join(served, 'files'))
    await run('rclone', ['copy', ':webdav:files', join(home, 'back'), ...remote], { home })
    expectSame(join(home, 'back'))
    await run('rclone', ['moveto', ':webdav:files/with space', ':webdav:moved [1]', ...remote], {
      home,
    })
    expect(readdirSync(served)).toContain('moved [1]')

    const stranger = await remoteFor('wrong')
    await expect(run('rclone', ['lsf', ':webdav:', ...stranger], { home })).rejects.toThrow(/401/)
  })

  test('is confined by WebDAV to the directory of its token, and to reading where that says so', async () => {
    const home = temporaryDirectory('rclone')
    const served = join(home, 'served')
    for (const name of ['dir', 'other']) {
      mkdirSync(join(served, name), { recursive: true })
      writeFileSync(join(served, name, 'a.txt'), `this is ${name}`)
    }
    const port = await freePort()
    startProgram('rclone', ['serve', 'webdav', served, '--addr', `127.0.0.1:${port}`], home)
    const onezone = await startOnezone()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `
routes:
  - path: /**
    upstream: 'http://127.0.0.1:${port}'
    caveats: { data: enforce }
    data: { path: /space1/**, reads: [PROPFIND] }
`,
    })
    const whitelist = [Buffer.from('/space1/dir').toString('base64')]
    const path = { type: 'data.path', whitelist } as const
    const remoteWith = (...more: readonly { readonly type: 'data.readonly' }[]) => {
      const token = onezone.createTemporaryToken({ subject: ALICE, caveats: [path, ...more] })
      const field = ['--header', `X-Auth-Token: ${token}`]
      const retries = ['--retries', '1', '--low-level-retries', '1']
      return [
        '--webdav-url',
        `${gateway.url}/dir`,
        '--webdav-vendor',
        'other',
        ...field,
        ...retries,
      ]
    }
    const did = async (command: readonly string[], remote: readonly string[]): Promise<string> => {
      return run('rclone', [...command, ...remote], { home }).then(
        () => 'done',
        (error: unknown) => /\b(40[0-9]) \w+/.exec(String(error))?.[1] ?? String(error),
      )
    }
    const local = join(home, 'new.txt')
    writeFileSync(local, 'new')
    const writing = remoteWith()
    await expect
      .poll(() => run('rclone', ['lsf', ':webdav:', ...writing], { home }).catch(String), {
        timeout: 30_000,
      })
      .toBe('a.txt\n')

    expect(await did(['cat', ':webdav:a.txt'], writing)).toBe('done')
    expect(await did(['copyto', local, ':webdav:new.txt'], writing)).toBe('done')
    expect(readFileSync(join(served, 'dir/new.txt'), 'utf8')).toBe('new')
    expect(await did(['deletefile', ':webdav:new.txt'], writing)).toBe('done')
    // A name in the field Destination, and a directory that MKCOL makes, are not what the URL says.
    expect(await did(['moveto', ':webdav:a.txt', ':webdav:b.txt'], writing)).toBe('403')
    expect(await did(['mkdir', ':webdav:sub'], writing)).toBe('403')

    const above = writing.map((word) => (word.endsWith('/dir') ? gateway.url : word))
    expect(await did(['lsf', ':webdav:'], above)).toBe('403')
    expect(await did(['lsf', ':webdav:other'], above)).toBe('403')
    expect(await did(['copyto', local, ':webdav:other/new.txt'], above)).toBe('403')

    const reading = remoteWith({ type: 'data.readonly' })
    expect(await did(['lsf', ':webdav:'], reading)).toBe('done')
    expect(await did(['cat', ':webdav:a.txt'], reading)).toBe('done')
    expect(await did(['copyto', local, ':webdav:new.txt'], reading)).toBe('403')
    expect(await did(['deletefile', ':webdav:a.txt'], reading)).toBe('403')
    expect(readdirSync(join(served, 'dir'))).toEqual(['a.txt'])
    expect(readdirSync(join(served, 'other'))).toEqual(['a.txt'])
  })

  test('copies them by S3 there and back, signed by what its server knows, beside a token', async () => {
    const home = temporaryDirectory('rclone')
    const s3 = await startS3Server()
    const onezone = await startOnezone()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes: [{ path: /**, credentials: [x-auth-token], upstream: '${s3.url}' }]\n`,
    })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const remote = [
      ['--s3-provider', 'Other', '--s3-endpoint', gateway.url, '--s3-region', 'us-east-1'],
      ['--s3-access-key-id', S3_KEYS.id, '--s3-secret-access-key', S3_KEYS.secret],
      ['--s3-force-path-style=true', '--retries', '1', '--low-level-retries', '1'],
    ].flat()
    const authenticated = [...remote, '--header', `X-Auth-Token: ${token}`]
    const local = filesIn(join(home, 'local'))
    await run('rclone', ['copy', local, ':s3:bucket', ...authenticated], { home })
    expect(s3.refused).toEqual([])
    expect([...s3.objects.keys()].sort()).toEqual([...NAMES].sort())
    await run('rclone', ['copy', ':s3:bucket', join(home, 'back'), ...authenticated], { home })
    expectSame(join(home, 'back'))
    expect(s3.refused).toEqual([])

    await expect(run('rclone', ['lsf', ':s3:bucket', ...remote], { home })).rejects.toThrow()
  })
})
