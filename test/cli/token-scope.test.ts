import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { directoryWith } from '../config/config-directory.ts'
import { ALICE } from '../helpers/onezone.ts'
import { runDispatch } from './run-dispatch.ts'

async function setUp(files: Readonly<Record<string, string>> = {}) {
  const onezone = await createDevOnezone({
    world: {
      users: { alice: {} },
      providers: { krakow: { name: 'Krakow', effectiveUsers: ['alice'] } },
      spaces: {
        s1: {
          name: 'climate',
          effectiveUsers: ['alice'],
          storages: { a: { provider: 'krakow', readonly: true } },
        },
        s2: { name: 'ice', effectiveUsers: ['alice'] },
      },
    },
  })
  onTestFinished(() => onezone.close())
  const { token } = onezone.createNamedToken({ subject: ALICE, name: 'at the shell' })
  const directory = await directoryWith({ me: `${token}\n`, ...files })
  const access = ['--onezone-url', onezone.url, '--auth-file', join(directory, 'me')]
  const run = (line: string, options: Parameters<typeof runDispatch>[1] = {}) =>
    runDispatch(line.replaceAll('%', `${directory}/`).split(' '), options)
  return { onezone, token, directory, access: access.join(' '), run }
}

describe('onegate token scope', () => {
  test('says what data a token opens', async () => {
    const { onezone, run } = await setUp()
    const caveats = [{ type: 'data.readonly' as const }]
    const input = onezone.createTemporaryToken({ subject: ALICE, caveats })
    const said = await run(`token scope --onezone-url ${onezone.url}`, { input })
    expect(said.code).toBe(0)
    expect(said.stdout).toMatch(/^valid: .*\ndata: read only\n/)
    expect(said.stdout).toMatch(/climate +s1 +Krakow \(read only\)/)
    expect(said.stdout).toMatch(/ice +s2 +nobody/)
    expect(said.stdout).toMatch(/Krakow +krakow\.\S+ +\S+ +online +krakow/)
    const json = await run(`token scope --json --onezone-url ${onezone.url}`, { input })
    expect(JSON.parse(json.stdout)).toMatchObject({ dataAccessScope: { readonly: true } })
  })

  test('says what Onezone refuses, and takes access tokens only', async () => {
    const { onezone, run } = await setUp()
    const { token: input, tokenId } = onezone.createNamedToken({ subject: ALICE, name: 'gone' })
    onezone.deleteNamedToken(tokenId)
    const line = `token scope --onezone-url ${onezone.url}`
    expect(await run(line, { input })).toMatchObject({ code: 1, stdout: '' })
    const type = { identityToken: {} }
    const identity = onezone.createTemporaryToken({ subject: ALICE, type })
    expect(await run(line, { input: identity })).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('--dry-run', () => {
  test('prints the request with the token masked, and sends nothing', async () => {
    const { onezone, run, access, token } = await setUp()
    onezone.resetCalls()
    const create = await run(`token create --name build --ip 10.0.0.0/8 --dry-run ${access}`)
    expect(create).toMatchObject({ code: 0, stderr: '' })
    expect(create.stdout).toBe(
      `POST ${onezone.url}/api/v3/onezone/user/tokens/named\n` +
        'accept: application/json\naccept-encoding: identity\ncontent-type: application/json\nx-auth-token: •••\n\n' +
        '{"name":"build","type":{"accessToken":{}},"caveats":[{"type":"ip","whitelist":["10.0.0.0/8"]}],"revoked":false}\n',
    )
    const scope = await run(`token scope --dry-run --json --onezone-url ${onezone.url}`, {
      input: token,
    })
    expect(JSON.parse(scope.stdout)).toMatchObject({ method: 'POST', body: { token: '•••' } })
    const list = await run(`token list --dry-run ${access}`)
    expect(list.stdout).toMatch(/^GET .*\/user\/tokens\/named\n/)
    expect(`${create.stdout}${scope.stdout}${list.stdout}`).not.toContain(token)
    expect(Object.values(onezone.calls()).every((count) => count === 0)).toBe(true)
  })
})

describe('the variables of other tools', () => {
  test('say where Onezone is, and who calls, after the own ones', async () => {
    const { onezone, run, token } = await setUp()
    const env = { ONEZONE_HOST: onezone.url, ONEZONE_API_KEY: token }
    const listed = await run('token list --ids', { env })
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    const scope = await run('token scope --dry-run', {
      env: { ONEZONE_HOST: 'o.example.org' },
      input: token,
    })
    expect(scope.stdout).toMatch(/^POST https:\/\/o\.example\.org\//)
    const own = { ...env, ONEGATE_ONEZONE_URL: 'https://other.example.org' }
    const elsewhere = await run('token list --ids --dry-run', { env: own })
    expect(elsewhere).toMatchObject({ code: 2, stdout: '' })
    expect(elsewhere.stderr).toContain('ONEZONE_API_KEY is for ONEZONE_HOST')
    expect(elsewhere.stderr).not.toContain(token)
  })
})

describe('token create --request-file', () => {
  test('creates what the request says', async () => {
    const request = JSON.stringify({
      name: 'from a file',
      caveats: [{ type: 'time', validUntil: 4_000_000_000 }],
      customMetadata: { a: 1 },
    })
    const { run, access, onezone } = await setUp({ request })
    const made = await run(`token create --json --request-file %request ${access}`)
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(onezone.world().namedTokens).toContainEqual(
      expect.objectContaining({ name: 'from a file', customMetadata: { a: 1 } }),
    )
    const temporary = JSON.stringify({ caveats: [{ type: 'time', validUntil: 4_000_000_000 }] })
    const { run: again, access: with_ } = await setUp({ request: temporary })
    const line = `token create --temporary --dry-run --request-file %request ${with_}`
    expect((await again(line)).stdout).toMatch(/\/user\/tokens\/temporary/)
  })

  const invite = { inviteType: 'userJoinSpace', spaceId: 's1' }
  test.each<[string, object, RegExp]>([
    [
      'a limit inside the type',
      { type: { inviteToken: { ...invite, usageLimit: 1 } } },
      /ignore "usageLimit" in "type\.inviteToken"; it stands beside/,
    ],
    ['a limit of an access token', { usageLimit: 1 }, /for invite tokens, which this is not/],
    [
      'an end that is no field',
      { expiresAt: 4_000_000_000 },
      /ignore "expiresAt".*an end is a caveat/,
    ],
    ['an unknown field', { caveat: [] }, /ignore "caveat".*did you mean "caveats"/],
    [
      'two types',
      { type: { accessToken: {}, inviteToken: invite } },
      /ignore "inviteToken" in "type"/,
    ],
    [
      'a caveat with more',
      { caveats: [{ type: 'time', validUntil: 1, expiresAt: 2 }] },
      /ignore "expiresAt" in a caveat/,
    ],
    ['a type that is none', { type: 'access' }, /"type" must be/],
  ])('refuses %s, which Onezone would take', async (_, part, message) => {
    const request = JSON.stringify({ name: 'build', ...part })
    const { run, access, onezone } = await setUp({ request })
    onezone.resetCalls()
    const refused = await run(`token create --request-file %request ${access}`)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(message)
    expect(onezone.calls().createNamedToken).toBe(0)
  })

  test('excludes the flags that say the same', async () => {
    const { run, access } = await setUp({ request: '{}' })
    const refused = await run(`token create --name x --request-file %request ${access}`)
    expect(refused.stderr).toMatch(/--name and --request-file exclude each other/)
  })
})

test('token list --unlimited shows access tokens that pass for ever', async () => {
  const { onezone, run, access } = await setUp()
  const time = { type: 'time' as const, validUntil: 4_000_000_000 }
  onezone.createNamedToken({ subject: ALICE, name: 'ends', caveats: [time] })
  onezone.createNamedToken({ subject: ALICE, name: 'identity', type: { identityToken: {} } })
  onezone.createNamedToken({ subject: ALICE, name: 'revoked', revoked: true })
  const { stdout } = await run(`token list --unlimited --json ${access}`)
  const { tokens } = JSON.parse(stdout) as { tokens: { name: string }[] }
  expect(tokens.map(({ name }) => name)).toEqual(['at the shell'])
})
