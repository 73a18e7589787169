import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { startGateway } from '../helpers/gateway.ts'
import { startGitServer } from '../helpers/git-server.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { hasProgram, run, temporaryDirectory } from '../helpers/programs.ts'

const git = hasProgram('git', '--version') ? describe : describe.skip

git('git', { timeout: 120_000 }, () => {
  test('clones and pushes with a token as its password, also what it sends in chunks', async () => {
    const home = temporaryDirectory('git')
    const g = (args: readonly string[], cwd: string = home): Promise<string> =>
      run(
        'git',
        [
          '-c',
          'user.name=alice',
          '-c',
          'user.email=alice@example.org',
          '-c',
          'core.askPass=',
          ...args,
        ],
        { home, cwd },
      )
    await g(['init', '--bare', '--initial-branch=main', 'repository.git'])
    const server = await startGitServer(home)
    const onezone = await startOnezone()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes:
  - path: /**
    credentials: [basic-password]
    bufferRequestBytes: 4000000
    upstream: '${server.url}'
`,
    })
    const token = onezone.createTemporaryToken({ subject: ALICE })
    const urlFor = (password: string): string =>
      `${gateway.url.replace('http://', `http://alice:${password}@`)}/repository.git`

    await g(['clone', urlFor(token), 'first'])
    const first = join(home, 'first')
    const content = randomBytes(300_000)
    writeFileSync(join(first, 'data'), content)
    await g(['add', 'data'], first)
    await g(['commit', '-m', 'Add data'], first)
    // Git sends what is larger than this in chunks, which CGI has no word for.
    await g(['-c', 'http.postBuffer=65536', 'push', 'origin', 'HEAD:main'], first)
    await g(['clone', urlFor(token), 'second'])
    expect(readFileSync(join(home, 'second', 'data')).equals(content)).toBe(true)
    expect(new Set(server.seen.map(({ user }) => user))).toEqual(new Set(['alice']))
    expect(server.seen.some(({ chunked }) => chunked)).toBe(false)

    const before = server.seen.length
    await expect(g(['clone', urlFor('wrong'), 'third'])).rejects.toThrow(/Authentication failed/)
    expect(server.seen).toHaveLength(before)
  })
})
