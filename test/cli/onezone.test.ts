import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OnezoneFacts } from '../../src/cli/onezone-guide.ts'
import { onezoneGuide } from '../../src/cli/onezone-guide.ts'
import type { World } from '../../src/dev-onezone/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { startOnegate } from './onegate-process.ts'
import { runDispatch } from './run-dispatch.ts'

const VECTORS = fileURLToPath(new URL('../vectors/verify.json', import.meta.url))

describe('onegate onezone', () => {
  test('serves the world of a file, and control where that is asked for', async () => {
    const onezone = startOnegate([
      'onezone',
      '--listen',
      '127.0.0.1:0',
      '--world',
      VECTORS,
      '--control',
      '--json',
    ])
    onTestFinished(async () => void (await onezone.stop()))
    const { onezone: url } = await onezone.ready<{ onezone: string }>()
    const user = '79c8c2926b94b5b5749882321e35049echc8f4'
    const generation = await fetch(`${url}/api/v3/onezone/user/tokens/temporary`, {
      headers: { 'X-Control-Auth': `user:${user}` },
    })
    expect([generation.status, await generation.json()]).toEqual([200, { generation: 1 }])
    expect((await fetch(`${url}/control/calls`)).status).toBe(200)
    expect(await onezone.stop()).toMatchObject({ code: 0, stderr: '' })
  })

  test('an administrator and a user are ready, and what is to be pasted does what it says', async () => {
    const onezone = startOnegate(['onezone', '--listen', '127.0.0.1:0'])
    onTestFinished(async () => void (await onezone.stop()))
    const guide = await onezone.printed('Ctrl-C ends it.')
    expect(guide).toContain('ADMIN is user "admin"')
    expect(guide).toContain('TOKEN is user "alice"')
    const lines = guide.split('\n').map((line) => line.trim())
    const variables = lines.filter((line) => /^(?:ADMIN|TOKEN)=/.test(line))
    const commands = lines.filter((line) => line.startsWith('curl '))
    expect([variables.length, commands.length]).toEqual([2, 3])

    const script = [...variables, ...commands, commands[0] ?? ''].join('\necho\n')
    const { stdout } = await promisify(execFile)('sh', ['-c', script])
    const [, , verified, created, revoked, , refused] = stdout.split('\n')
    expect(JSON.parse(verified ?? '')).toMatchObject({ subject: { type: 'user', id: 'alice' } })
    expect(Object.keys(JSON.parse(created ?? '') as object)).toEqual(['tokenId', 'token'])
    expect([revoked, refused]).toEqual(['204', expect.stringContaining('tokenRevoked')])
  })

  test.each<[world: World, admin: string | null, user: string | null]>([
    [{ users: { eve: { blocked: true }, "o'hara": {} } }, null, "o'hara"],
    [{ users: { root: { ozPrivileges: ['oz_tokens_manage'] } } }, 'root', null],
    [{}, null, null],
  ])('as data it tells who is ready in a world of your own: %j', async (world, admin, user) => {
    const file = join(await directoryWith({ 'world.json': JSON.stringify(world) }), 'world.json')
    const onezone = startOnegate(['onezone', '--listen', '127.0.0.1:0', '--world', file, '--json'])
    onTestFinished(async () => void (await onezone.stop()))
    const facts = await onezone.ready<OnezoneFacts>()
    expect([facts.admin?.subject.id ?? null, facts.user?.subject.id ?? null]).toEqual([admin, user])
    for (const actor of [facts.admin, facts.user]) {
      if (actor === null) continue
      const headers = { 'X-Auth-Token': actor.token }
      const own = `${facts.onezone}/api/v3/onezone/user/tokens/named`
      expect(await (await fetch(own, { headers })).json()).toEqual({ tokens: [] })
    }
    const text = onezoneGuide(facts, { style: (_, shown) => shown }).join('\n')
    expect(text.includes('ADMIN=')).toBe(admin !== null)
    expect(text.includes('TOKEN=')).toBe(admin !== null || user !== null)
  })

  test('without --control nobody rules it', async () => {
    const onezone = startOnegate(['onezone', '--listen', '127.0.0.1:0', '--json'])
    onTestFinished(async () => void (await onezone.stop()))
    const { onezone: url } = await onezone.ready<{ onezone: string }>()
    expect((await fetch(`${url}/control/calls`)).status).toBe(404)
  })

  test('with --state everything is there again at the next start', async () => {
    const state = join(await directoryWith({}), 'state.json')
    const run = async () => {
      const args = ['onezone', '--listen', '127.0.0.1:0', '--state', state, '--control', '--json']
      const onezone = startOnegate(args)
      onTestFinished(async () => void (await onezone.stop()))
      const { onezone: url } = await onezone.ready<{ onezone: string }>()
      return { onezone, tokens: `${url}/api/v3/onezone/user/tokens/named` }
    }
    const headers = { 'X-Control-Auth': 'user:alice', 'Content-Type': 'application/json' }
    const first = await run()
    const body = JSON.stringify({ name: 'laptop' })
    const created = await fetch(first.tokens, { method: 'POST', headers, body })
    const { tokenId } = (await created.json()) as { tokenId: string }
    const taken = await runDispatch(['onezone', '--listen', '127.0.0.1:0', '--state', state])
    expect(taken.code).toBe(78)
    expect(taken.stderr).toContain(`${state}: is in use by process ${first.onezone.child.pid}`)

    expect(await first.onezone.stop()).toMatchObject({ code: 0, stderr: '' })
    const second = await run()
    const listed = await fetch(second.tokens, { headers })
    expect(await listed.json()).toEqual({ tokens: [tokenId] })
  })

  test('a world that is refused is told with every problem, and exit code 78', async () => {
    const world = { users: { alice: { blocked: 1 } }, provders: {} }
    const file = join(await directoryWith({ 'world.json': JSON.stringify(world) }), 'world.json')
    const { code, stdout, stderr } = await runDispatch(['onezone', '--world', file])
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toContain('provders')
    expect(stderr).toContain('users.alice.blocked')
  })

  test.each([
    ['is no JSON', '{"secret": hunter2}', 'is no JSON'],
    ['is not there', null, 'ENOENT'],
  ])('a file that %s is told without its content', async (_, text, problem) => {
    const directory = await directoryWith(text === null ? {} : { 'world.json': text })
    const { code, stderr } = await runDispatch([
      'onezone',
      '--world',
      join(directory, 'world.json'),
    ])
    expect(code).toBe(1)
    expect(stderr).toContain(problem)
    expect(stderr).not.toContain('hunter2')
  })
})
