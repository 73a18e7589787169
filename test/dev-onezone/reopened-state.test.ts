import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { World } from '../../src/dev-onezone/index.ts'
import { createDevOnezone, DEMO_WORLD } from '../../src/dev-onezone/index.ts'
import type { ScenarioRequest, Variables } from './scenarios.ts'
import { fillIn, SCENARIOS, valueAt } from './scenarios.ts'
import type { Started } from './start.ts'
import { alice, P, start } from './start.ts'

// Whatever requests can bring a Onezone to, the next start must be able to read.

/** Lets things happen to a Onezone, and opens what it leaves: it must say the same. */
async function expectReopened(world: World, happens: (started: Started) => Promise<void>) {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-state-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const stateFile = join(directory, 'state.json')
  const started = await start({ stateFile, world })
  await happens(started)
  await started.onezone.close()
  const content = (): unknown => JSON.parse(readFileSync(stateFile, 'utf8'))
  const left = content()
  await (await createDevOnezone({ stateFile })).close()
  expect(content()).toEqual(left)
}

test.each(SCENARIOS)('what is left of "$name" is read again', async ({ world, steps }) => {
  await expectReopened(world, async ({ onezone, send }) => {
    const variables: Variables = new Map()
    for (const step of steps) {
      if ('world' in step) {
        onezone.patchWorld(step.world)
        continue
      }
      onezone.setClock(step.clock)
      const sent = fillIn(step, variables) as ScenarioRequest
      const { auth, method, path, body, rawBody } = sent
      const { json } = await send(path, {
        method,
        headers: { ...sent.headers, ...(auth !== undefined && { 'X-Control-Auth': auth }) },
        ...(rawBody === undefined ? { body } : { rawBody }),
      })
      for (const [name, place] of Object.entries(step.save ?? {})) {
        variables.set(name, String(valueAt(json, place)))
      }
    }
  })
})

const HUGE = 1e20
const LONG = 'x'.repeat(200)
const joinGroup = { inviteToken: { inviteType: 'userJoinGroup', groupId: 'g' } }

test.each<[what: string, body: Readonly<Record<string, unknown>>]>([
  ['a number of uses beyond 2⁵³', { type: joinGroup, usageLimit: String(HUGE) }],
  ['an invitation that grants nothing', { type: joinGroup, privileges: [] }],
  ['metadata with odd keys', { customMetadata: { '': null, ['__proto__']: { '/': [] }, é: HUGE } }],
  ['deep metadata', { customMetadata: { deep: JSON.parse('['.repeat(500) + ']'.repeat(500)) } }],
  ['an end beyond 2⁵³', { caveats: [{ type: 'time', validUntil: HUGE }] }],
  ['an end before 1970', { caveats: [{ type: 'time', validUntil: -1 }] }],
  ['a session with a long id', { type: { accessToken: { sessionId: LONG } } }],
  ['an autonomous system beyond 2⁵³', { caveats: [{ type: 'asn', whitelist: [HUGE, -1] }] }],
  ['networks', { caveats: [{ type: 'ip', whitelist: ['10.0.0.1', '10.9.9.9/8', '0.0.0.0/0'] }] }],
  ['countries', { caveats: [{ type: 'geo.country', filter: 'blacklist', list: ['PL', '..'] }] }],
  ['regions', { caveats: [{ type: 'geo.region', filter: 'whitelist', list: ['EU', 'Asia'] }] }],
  ['consumers', { caveats: [{ type: 'consumer', whitelist: ['usr-', 'prv-*', 'grp-é'] }] }],
  ['interfaces', { caveats: [{ type: 'interface', interface: 'oneclient' }] }],
  ['services', { caveats: [{ type: 'service', whitelist: ['ozw-onezone'] }] }],
  [
    'interfaces of Onezone',
    { caveats: [{ type: 'api', whitelist: ['all/all/*.*.*:*', 'ozw/get/atm_lambda..a,b:*'] }] },
  ],
  ['data', { caveats: [{ type: 'data.readonly' }, { type: 'data.path', whitelist: ['L2E='] }] }],
  ['no authorisation at all', { caveats: [{ scope: 'identityToken' }] }],
  ['a name with a line feed at its end', { name: 'name\n' }],
])('a token with %s is read again', async (_what, body) => {
  const groups = {
    g: { privileges: { alice: ['group_invite_user', 'group_add_user', 'group_set_privileges'] } },
  }
  const users = { ...DEMO_WORLD.users, alice: { sessions: [LONG] } }
  await expectReopened({ ...DEMO_WORLD, users, groups }, async ({ sendAs }) => {
    const made = await sendAs(alice)(`${P}/user/tokens/named`, { body: { name: 'name', ...body } })
    expect(made.status).toBe(201)
  })
})

test('generations of subjects with odd ids are read again', async () => {
  await expectReopened(DEMO_WORLD, async ({ send, onezone }) => {
    const headers = { 'X-Control-Auth': 'user:root' }
    onezone.createUser('root', { ozPrivileges: ['oz_tokens_manage'] })
    for (const owner of ['users/a%2Fb', 'users/%F0%9F%A6%80', 'users/%20', 'providers/..%2F']) {
      const path = `${P}/${owner}/tokens/temporary`
      expect((await send(path, { headers })).json).toEqual({ generation: 1 })
      expect((await send(path, { headers, method: 'DELETE' })).status).toBe(204)
    }
    for (const type of ['group', 'nobody'] as const) {
      onezone.revokeTemporaryTokens({ type, id: type === 'group' ? 'g' : null })
    }
    onezone.revokeTemporaryTokens({ type: 'user', id: '' })
  })
})
