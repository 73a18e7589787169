import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDevOnezone, type World } from '../../src/dev-onezone/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { mint } from '../helpers/tokens.ts'
import { runDispatch, type Outcome } from './run-dispatch.ts'

const ALICE = { type: 'user', id: 'alice' } as const
const KRAKOW = { type: 'oneprovider', id: 'krakow' } as const
const WORLD: World = {
  users: {
    alice: {},
    bob: {},
    root: { ozPrivileges: ['oz_tokens_manage'] },
    carol: { username: 'carol', password: 'a:b c', basicAuthEnabled: true },
  },
  providers: { krakow: { effectiveUsers: ['alice'] } },
  spaces: { s1: { privileges: { alice: ['space_add_user', 'space_set_privileges'] } } },
}

/** A Onezone, files with credentials of its people, and `onegate` as one of them. */
async function setUp() {
  const onezone = await createDevOnezone({ world: WORLD })
  onTestFinished(() => onezone.close())
  const tokenOf = (subject: typeof ALICE | typeof KRAKOW | { type: 'user'; id: string }) =>
    onezone.createNamedToken({ subject, name: 'at the shell' }).token
  const directory = await directoryWith({
    alice: `${tokenOf(ALICE)}\n`,
    root: tokenOf({ type: 'user', id: 'root' }),
    krakow: tokenOf(KRAKOW),
    carol: 'carol:a:b c\n',
  })
  const as =
    (who: string) =>
    (line: string, options: Parameters<typeof runDispatch>[1] = {}): Promise<Outcome> => {
      const access = ['--onezone-url', onezone.url, '--auth-file', join(directory, who)]
      return runDispatch([...line.split(' '), ...access], options)
    }
  return { onezone, directory, as, alice: as('alice'), root: as('root'), krakow: as('krakow') }
}

function json<T = Record<string, unknown>>({ code, stdout, stderr }: Outcome): T {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as T
}

describe('onegate token create', () => {
  test('prints a named token alone, its id beside it on standard error', async () => {
    const { alice } = await setUp()
    const { code, stdout, stderr } = await alice('token create --name build --ip 10.0.0.0/8')
    expect(code).toBe(0)
    const token = parseToken(stdout.trimEnd())
    expect(stdout).toBe(`${token.serialized}\n`)
    expect(stderr).toBe(`named token ${token.id}\n`)
    expect(token).toMatchObject({
      persistence: 'named',
      subject: ALICE,
      type: { accessToken: {} },
      caveats: [{ type: 'ip', whitelist: ['10.0.0.0/8'] }],
    })
  })

  test('makes temporary, identity and invite tokens, for whom it is told to', async () => {
    const { alice, root, krakow } = await setUp()
    const [temporary, identity, invite, bobs, ofProvider] = await Promise.all([
      alice('token create --temporary --expires-in 1h --json'),
      alice('token create --name id --type identity --json'),
      alice(
        'token create --name come --invite userJoinSpace:s1 --usage-limit 3 --privilege space_view --json',
      ),
      root('token create --user bob --temporary --expires-in 1h --json'),
      krakow('token create --name own --json'),
    ])
    const tokenIn = (outcome: Outcome) => parseToken(json<{ token: string }>(outcome).token)
    expect(tokenIn(temporary)).toMatchObject({ persistence: 'temporary', subject: ALICE })
    expect(json(temporary)).not.toHaveProperty('tokenId')
    expect(tokenIn(identity).kind).toBe('identity')
    expect(tokenIn(invite).type).toMatchObject({
      inviteToken: { inviteType: 'userJoinSpace', spaceId: 's1' },
    })
    expect(tokenIn(bobs).subject).toEqual({ type: 'user', id: 'bob' })
    expect(tokenIn(ofProvider).subject).toEqual(KRAKOW)
    const shown = await alice('token get --name come --json')
    expect(json(shown)['metadata']).toMatchObject({ usageLimit: 3, privileges: ['space_view'] })
  })

  test('--output writes a new file for its owner only, and prints no token', async () => {
    const { alice, directory } = await setUp()
    const file = join(directory, 'new.token')
    const created = await alice(`token create --name build --json --output ${file}`)
    const { tokenId } = json<{ tokenId: string }>(created)
    expect(created.stdout).toBe(`${JSON.stringify({ tokenId })}\n`)
    expect(parseToken((await readFile(file, 'utf8')).trimEnd()).id).toBe(tokenId)
    expect((await stat(file)).mode & 0o777).toBe(0o600)

    const again = await alice(`token create --name other --output ${file}`)
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain('the output file exists already')
    expect((await alice('token get --name other')).code).toBe(1)

    const refused = join(directory, 'refused.token')
    expect((await alice(`token create --name build --output ${refused}`)).code).toBe(1)
    await expect(stat(refused)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test.each([
    ['token create', 'say what to create'],
    ['token create --name a --temporary', 'say what to create'],
    ['token create --temporary', 'a temporary token needs an end'],
    ['token create --temporary --expires-in 1h --revoked', '--revoked is for named tokens'],
    ['token create --name build --type invite', '--type must be access or identity'],
    ['token create --name build --type identity --session s', 'exclude each other'],
    ['token create --name build --invite userJoinSpace', '--invite must be KIND:ID'],
    ['token create --name build --invite userJoinSpace:a:b', '--invite must be KIND:ID'],
    ['token create --name build --invite toString:x', '--invite must be KIND:ID'],
    ['token create --name build --usage-limit 3', 'are for invite tokens'],
    ['token create --name build --invite supportSpace:s --usage-limit 0', '--usage-limit must be'],
    ['token create --name build --metadata {', '--metadata is no JSON'],
    ['token create --name build --metadata []', '--metadata must be an object'],
    ['token create --name build --user a --provider b', 'exclude each other'],
    [`token create --name build --user ${mint()}`, 'The id of a user must be'],
  ])('%s is a mistake in usage, and nothing is sent', async (line, message) => {
    const { alice, onezone } = await setUp()
    const { code, stdout, stderr } = await alice(line)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`onegate token create: ${message}`.slice(0, 21))
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('MDA')
    expect(Object.values(onezone.calls()).every((count) => count === 0)).toBe(true)
  })

  test('tells in words why Onezone refuses', async () => {
    const { alice, as } = await setUp()
    await alice('token create --name build')
    const outcomes = await Promise.all([
      alice('token create --name build'),
      alice('token create --name x-'),
      alice('token create --temporary --expires-in 300d'),
      alice('token create --user bob --name build'),
      alice('token create --name join --invite userJoinSpace:nowhere'),
      as('carol')('token create --user bob --name build'),
    ])
    const words = outcomes.map(({ code, stdout, stderr }) => {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      return stderr.replace('onegate token create: Onezone refused: ', '')
    })
    expect(words[0]).toBe(
      'another token of the same owner has that name (400 badValueIdentifierOccupied)\n',
    )
    expect(words[1]).toMatch(/^a name has .* \(400 badValueName\)\n$/)
    expect(words[2]).toMatch(/must end within 2592000 seconds/)
    expect(words[3]).toBe('the caller may not do this (403 forbidden)\n')
    expect(words[4]).toMatch(/^there is nothing of that id/)
    expect(words[5]).toBe('the caller may not do this (403 forbidden)\n')
  })
})

describe('onegate token get', () => {
  test('shows a record in words, and never the token unless it is asked for', async () => {
    const { alice } = await setUp()
    const token = (await alice('token create --name build --ip 10.0.0.0/8 --metadata {"a":1}'))
      .stdout
    const { id } = parseToken(token.trimEnd())
    const shown = await alice('token get --name build')
    expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: '' })
    expect(shown.stdout.replace(/^created .*$/m, 'created')).toBe(`id        ${id}
name      build
subject   user alice
kind      access
revoked   no
created
metadata  {"a":1}
caveats   ip: only from 10.0.0.0/8
`)
    const asJson = await alice(`token get --id ${id} --json`)
    expect(json(asJson)).toMatchObject({ id, name: 'build', metadata: { custom: { a: 1 } } })
    expect(shown.stdout + asJson.stdout).not.toContain('MDA')
    expect((await alice(`token get --id ${id} --reveal`)).stdout).toBe(token)
    expect(json(await alice(`token get --id ${id} --reveal --json`))['token']).toBe(token.trimEnd())
  })

  test.each([
    ['token get', 'say which token is meant'],
    ['token get --id a --name b', 'say which token is meant'],
    ['token get --id a --user bob', '--user and --provider go with --name'],
    [`token get --id ${mint()}`, 'The id of a token must be'],
    ['token get --id a --reveal --output f', '--output and --reveal exclude each other'],
  ])('%s is a mistake in usage', async (line, message) => {
    const { alice } = await setUp()
    const { code, stdout, stderr } = await alice(line)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('MDA')
  })
})

describe('onegate token revoke, restore, rename and delete', () => {
  test('do it to the token that is meant by id, name or the token itself', async () => {
    const { alice, root, onezone } = await setUp()
    const token = (await alice('token create --name build')).stdout
    const { id } = parseToken(token.trimEnd())
    const stateOf = async () => json(await alice(`token get --id ${id} --json`))

    const revoked = await alice('token revoke --token-file -', { input: token })
    expect(revoked).toEqual({ code: 0, stdout: `revoked named token ${id}\n`, stderr: '' })
    expect(await stateOf()).toMatchObject({ revoked: true })
    expect(json(await root('token restore --user alice --name build --json'))).toEqual({
      tokenId: id,
      revoked: false,
    })
    expect(await stateOf()).toMatchObject({ revoked: false })
    expect((await alice(`token rename --id ${id} --to deploy`)).stdout).toBe(
      `named token ${id} is called deploy now\n`,
    )
    expect(await stateOf()).toMatchObject({ name: 'deploy' })
    expect(json(await alice('token delete --name deploy --json'))).toEqual({
      tokenId: id,
      deleted: true,
    })
    const gone = await alice(`token get --id ${id}`)
    expect(gone).toMatchObject({ code: 1, stdout: '' })
    expect(gone.stderr).toContain('there is no such token (404 notFound)')
    // By id nobody had to be asked which token was meant.
    expect(onezone.calls().getNamedTokenByName).toBe(2)
  })

  test('know no temporary token', async () => {
    const { alice } = await setUp()
    const token = (await alice('token create --temporary --expires-in 1h')).stdout
    const { code, stderr } = await alice('token revoke --token-file -', { input: token })
    expect(code).toBe(1)
    expect(stderr).toContain('it is a temporary token')
    expect(stderr).not.toContain('MDA')
  })

  test('need a new name to rename', async () => {
    const { alice } = await setUp()
    expect(await alice('token rename --name build')).toMatchObject({ code: 2 })
  })
})

describe('onegate token list', () => {
  test('shows a table by name, records or ids, and never a token', async () => {
    const { alice, root } = await setUp()
    await alice('token create --name build --expires-in 1h')
    await alice('token create --name archive --type identity --revoked')
    const table = await alice('token list')
    const rows = table.stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))
    expect(rows).toEqual([
      ['name', 'kind', 'state'],
      ['archive', 'identity', 'revoked'],
      ['at the shell', 'access', 'good'],
      ['build', 'access', 'good'],
      [''],
    ])
    const records = json<{ tokens: { id: string; name: string }[] }>(
      await alice('token list --json'),
    )
    expect(records.tokens.map(({ name }) => name)).toEqual(['archive', 'at the shell', 'build'])
    const ids = (await alice('token list --ids')).stdout.trimEnd().split('\n')
    expect(ids.toSorted()).toEqual(records.tokens.map(({ id }) => id).toSorted())
    const all = await root('token list --all')
    expect(all.stdout).toContain('oneprovider krakow')
    for (const { stdout } of [table, all]) expect(stdout).not.toContain('MDA')
    expect(JSON.stringify(records)).not.toContain('MDA')
  })

  test('says that there are none, and who may not ask', async () => {
    const { alice, root } = await setUp()
    expect(await root('token list --user bob')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'there are no named tokens\n',
    })
    const refused = await alice('token list --all')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('(403 forbidden)')
    expect(await alice('token list --all --user bob')).toMatchObject({ code: 2 })
  })
})

describe('onegate token delete --all and revoke --all-temporary', () => {
  test.each(['delete --all', 'revoke --all-temporary'])(
    '%s does nothing without a yes, or a terminal to ask on',
    async (verb) => {
      const { alice, root, onezone } = await setUp()
      onezone.createNamedToken({ subject: { type: 'user', id: 'bob' }, name: 'work' })
      const without = await alice(`token ${verb}`)
      expect(without).toMatchObject({ code: 2, stdout: '' })
      expect(without.stderr).toContain('there is no terminal to ask on; --yes')
      for (const input of ['no\n', 'y\n', '', '\n']) {
        const asked = await root(`token ${verb} --user bob`, { answers: true, input })
        expect(asked).toMatchObject({ code: 1, stdout: '' })
        expect(asked.stderr).toMatch(
          new RegExp(
            `^All .*tokens? of user bob will be .*, at ${onezone.url}\\.\\nType yes to go on: `,
          ),
        )
        expect(asked.stderr).toContain('nothing was changed')
      }
      const { deleteNamedTokens, revokeTemporaryTokens } = onezone.calls()
      expect([deleteNamedTokens, revokeTemporaryTokens]).toEqual([0, 0])

      const agreed = await root(`token ${verb} --user bob`, { answers: true, input: 'yes\n' })
      expect(agreed).toMatchObject({ code: 0 })
      expect(json(await root(`token ${verb} --user bob --yes --json`))).toBeTypeOf('object')
      const left = json<{ tokens: unknown[] }>(await root('token list --user bob --json'))
      expect(left.tokens).toHaveLength(verb === 'delete --all' ? 0 : 1)
    },
  )
})

describe('onegate token generation', () => {
  test('shows it to whoever may read it', async () => {
    const { alice, krakow } = await setUp()
    expect(json(await alice('token generation --json'))).toEqual({ generation: 1 })
    await alice('token revoke --all-temporary --yes')
    const shown = 'temporary tokens of user alice: generation 2\n'
    expect(await alice('token generation')).toEqual({ code: 0, stdout: shown, stderr: '' })
    expect((await krakow('token generation --user alice')).stdout).toBe(shown)
    expect((await krakow('token generation --user bob')).code).toBe(1)
  })
})

describe('the way to Onezone', () => {
  test('may lead by a name and a password', async () => {
    const { as } = await setUp()
    expect(await as('carol')('token generation')).toEqual({
      code: 0,
      stdout: 'temporary tokens of the caller: generation 1\n',
      stderr: '',
    })
  })

  test.each([
    ['--auth-file me', '--onezone-url URL is missing'],
    ['--onezone-url http://127.0.0.1:1', '--auth-file FILE is missing'],
  ])('with %s alone is a mistake in usage', async (flags, message) => {
    const outcome = await runDispatch(['token', 'generation', ...flags.split(' ')])
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toContain(message)
  })

  test('leads through no plain http to another machine', async () => {
    const file = join(await directoryWith({ me: mint() }), 'me')
    const flags = ['--onezone-url', 'http://onezone.example.org', '--auth-file', file]
    const outcome = await runDispatch(['token', 'generation', ...flags])
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toContain('--onezone-url')
  })

  test.each([
    ['that is not there', '/nowhere/at/all', 'cannot read the credential file: ENOENT'],
    ['that is the token itself', mint(), 'cannot read the credential file: '],
  ])('needs a credential file, not one %s', async (_, file, message) => {
    const flags = ['--onezone-url', 'http://127.0.0.1:1', '--auth-file', file]
    const outcome = await runDispatch(['token', 'generation', ...flags])
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain(message)
    expect(outcome.stderr).not.toContain('MDA')
  })

  test('needs a credential in that file, which is not repeated', async () => {
    const file = join(await directoryWith({ me: 'MDAxnotatoken' }), 'me')
    const flags = ['--onezone-url', 'http://127.0.0.1:1', '--auth-file', file]
    const outcome = await runDispatch(['token', 'generation', ...flags])
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('neither a token nor USER:PASSWORD')
    expect(outcome.stderr).not.toContain('MDA')
  })

  test('may be blocked: that nobody could say is exit code 3', async () => {
    const broken = await startHttpServer((request) => void request.socket.destroy())
    const file = join(await directoryWith({ me: mint() }), 'me')
    const run = (url: string, ...words: string[]) =>
      runDispatch([...words, '--onezone-url', url, '--auth-file', file])
    const unreachable = await run('http://127.0.0.1:1', 'token', 'generation')
    const reset = await run(broken.url, 'token', 'revoke', '--id', 'abc')
    for (const { code, stdout, stderr } of [unreachable, reset]) {
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toMatch(/^onegate tokens? \w+: nobody could say: /)
      expect(stderr).not.toContain('MDA')
    }
    expect(unreachable.stderr).not.toContain('look before you try again')
    expect(reset.stderr).toContain('look before you try again')
  })
})
