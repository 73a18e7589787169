import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { errorOf, P, start } from '../dev-onezone/start.ts'
import { ALICE } from '../helpers/onezone.ts'

// A number of uses that no double holds exactly was taken on creation, and refused at the next start.

const INVITATION = { inviteToken: { inviteType: 'userJoinGroup', groupId: 'g' } }
const WORLD = {
  users: { alice: {} },
  groups: { g: { privileges: { alice: ['group_invite_user', 'group_add_user'] } } },
}

async function setUp() {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-state-'))
  const stateFile = join(directory, 'state.json')
  const started = await start({ stateFile, world: WORLD })
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const create = (usageLimit: unknown) =>
    started.sendAs(ALICE)(`${P}/user/tokens/named`, {
      body: { name: 'invitation', type: INVITATION, usageLimit },
    })
  return { ...started, stateFile, create }
}

test('an invitation for 10²⁰ uses survives a restart', async () => {
  const { onezone, stateFile, create } = await setUp()
  const created = await create('100000000000000000000')
  expect(created.status).toBe(201)
  await onezone.close()
  const { sendAs } = await start({ stateFile })
  const { tokenId } = created.json as { tokenId: string }
  const { json } = await sendAs(ALICE)(`${P}/tokens/named/${tokenId}`)
  expect(json).toMatchObject({ metadata: { usageLimit: 1e20 } })
})

test.each(['1'.repeat(400), '1e20', '-100000000000000000000', 0.5])(
  'one for %j uses is still refused',
  async (usageLimit) => {
    const { create } = await setUp()
    const refused = await create(usageLimit)
    expect(refused.status).toBe(400)
    expect(errorOf(refused)).toMatchObject({ details: { key: 'usageLimit' } })
  },
)
