import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createOnezoneState } from '../../src/dev-onezone/state.ts'
import { createStateKeeper } from '../../src/dev-onezone/state-keeper.ts'
import type { World } from '../../src/dev-onezone/index.ts'
import { createDevOnezone, DEMO_WORLD } from '../../src/dev-onezone/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { parseToken } from '../../src/token/index.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { alice, bob, errorOf, P, start } from './start.ts'

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-state-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

describe('a state file', () => {
  test('keeps world, tokens, secrets and generations across restarts', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const first = await start({ stateFile, world: { ...DEMO_WORLD, onezoneDomain: 'kept.test' } })
    first.onezone.createUser('carol', { ozPrivileges: ['oz_tokens_manage'] })
    for (let times = 0; times < 2; times += 1) first.onezone.revokeTemporaryTokens(alice)
    const temporary = first.onezone.createTemporaryToken({ subject: alice })
    const type = { inviteToken: { inviteType: 'registerOneprovider', adminUserId: 'alice' } }
    const body = { name: 'invitation', type, usageLimit: 7, customMetadata: { note: ['x'] } }
    const created = await first.sendAs(alice)(`${P}/user/tokens/named`, { body })
    const { tokenId } = created.json as { tokenId: string }
    const path = `${P}/tokens/named/${tokenId}`
    await first.sendAs(alice)(path, { method: 'PATCH', body: { revoked: true } })
    const before = (await first.sendAs(alice)(path)).json
    await first.onezone.close()

    const { send, sendAs } = await start({ stateFile, world: { users: {} } })
    expect((await sendAs(alice)(path)).json).toEqual(before)
    expect(before).toMatchObject({ revoked: true, metadata: { usageLimit: 7 } })
    const verified = await send(`${P}/tokens/verify_access_token`, { body: { token: temporary } })
    expect(verified.json).toMatchObject({ subject: alice })
    expect(parseToken(temporary)).toMatchObject({ generation: 2, onezoneDomain: 'kept.test' })
    const carol = { type: 'user', id: 'carol' } as const
    expect((await sendAs(carol)(`${P}/tokens/named`)).json).toEqual({ tokens: [tokenId] })
  })

  test('is readable for its owner only, and leaves nothing beside it', async () => {
    const directory = newDirectory()
    const stateFile = join(directory, 'state.json')
    await (await createDevOnezone({ stateFile })).close()
    chmodSync(stateFile, 0o644)
    const onezone = await createDevOnezone({ stateFile })
    expect(statSync(stateFile).mode & 0o777).toBe(0o600)
    await onezone.close()
    expect(readdirSync(directory)).toEqual(['state.json'])
  })

  test('that is torn is refused, wherever it ends, and nothing of it is told', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const onezone = await createDevOnezone({ stateFile })
    onezone.createNamedToken({ subject: alice, name: 'laptop' })
    await onezone.close()
    const whole = readFileSync(stateFile, 'utf8')
    const secret = /"secret":"(\w+)"/.exec(whole)?.[1] ?? ''
    expect(secret).toHaveLength(64)
    // The last octet is a line feed, without which the file is whole all the same.
    for (let length = 0; length < whole.length - 1; length += 1 + Math.floor(whole.length / 40)) {
      writeFileSync(stateFile, whole.slice(0, length))
      const refused = createDevOnezone({ stateFile })
      await expect(refused).rejects.toThrow(ConfigError)
      await expect(refused).rejects.toThrow(`${stateFile}: is torn`)
      await expect(refused).rejects.not.toThrow(secret)
      expect(readFileSync(stateFile, 'utf8')).toHaveLength(length)
    }
  })

  test.each([
    ['{"users":{}}', /is no state file of a development Onezone/],
    ['[]', /is no state file of a development Onezone/],
    ['{"format":"onegate development onezone","version":2}', /another release/],
    [
      '{"format":"onegate development onezone","version":1,"world":{"user":{}}}',
      /user: is not known/,
    ],
  ])('with the content %s is refused', async (content, problem) => {
    const stateFile = join(newDirectory(), 'state.json')
    writeFileSync(stateFile, content)
    await expect(createDevOnezone({ stateFile })).rejects.toThrow(problem)
    expect(readFileSync(stateFile, 'utf8')).toBe(content)
  })

  test('in a directory that does not exist is refused', async () => {
    const stateFile = join(newDirectory(), 'nowhere', 'state.json')
    await expect(createDevOnezone({ stateFile })).rejects.toThrow(/cannot be used \(ENOENT\)/)
  })

  test('is for one Onezone at a time', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const { onezone } = await start({ stateFile })
    const second = createDevOnezone({ stateFile })
    await expect(second).rejects.toThrow(`${stateFile}: is in use by process ${process.pid}`)
    await onezone.close()
    await (await createDevOnezone({ stateFile })).close()
  })

  test('is given free if the port is taken', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const { onezone } = await start()
    const refused = createDevOnezone({ stateFile, port: onezone.port })
    await expect(refused).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await (await createDevOnezone({ stateFile })).close()
  })

  test.each(['', 'rubbish', '999999999 17 x'])('is taken from a dead owner: %j', async (left) => {
    const stateFile = join(newDirectory(), 'state.json')
    writeFileSync(`${stateFile}.lock`, left)
    writeFileSync(`${stateFile}.new`, 'half of a')
    await (await createDevOnezone({ stateFile })).close()
  })

  test('is taken from an owner whose process id lives on in another process', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const other = spawn('sleep', ['60'])
    onTestFinished(() => void other.kill())
    writeFileSync(`${stateFile}.lock`, `${other.pid} 1 x`)
    await (await createDevOnezone({ stateFile })).close()
  })

  test('of which the lock is lost is not written any more, and no change is acknowledged', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const { onezone, sendAs } = await start({ stateFile })
    const before = readFileSync(stateFile, 'utf8')
    const lock = readFileSync(`${stateFile}.lock`, 'utf8')
    rmSync(`${stateFile}.lock`)
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const body = { name: 'laptop' }
    expect((await sendAs(alice)(`${P}/user/tokens/named`, { body })).status).toBe(500)
    expect((await warned).message).toMatch(/lock .* is gone/)
    expect(() => onezone.revokeTemporaryTokens(bob)).toThrow(/lock .* is gone/)
    expect(readFileSync(stateFile, 'utf8')).toBe(before)
    writeFileSync(`${stateFile}.lock`, lock)
  })
})

describe('saving', () => {
  function keeperOf(write: (world: World) => void) {
    const state = createOnezoneState({
      world: {},
      clock: createFakeClock(),
      maxTemporaryTokenTtlSeconds: 1,
    })
    return { state, keeper: createStateKeeper(state, { world: null, write, close() {} }) }
  }

  test('is shared by all who ask at the same time, and spared where nothing changed', async () => {
    const writes: World[] = []
    const { state, keeper } = keeperOf((world) => writes.push(world))
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        state.renewTemporarySecret({ type: 'user', id: `user ${index}` })
        return keeper.saved()
      }),
    )
    expect(writes).toHaveLength(1)
    expect(writes[0]?.temporaryTokenSecrets).toHaveLength(50)
    await keeper.saved()
    keeper.save()
    expect(writes).toHaveLength(1)
  })

  test('is told as failed to all who asked, and tried again by the next', async () => {
    let isFull = true
    const writes: World[] = []
    const { state, keeper } = keeperOf((world) => {
      if (isFull) throw new Error('no space')
      writes.push(world)
    })
    state.renewTemporarySecret(alice)
    const both = [keeper.saved(), keeper.saved()]
    for (const each of both) await expect(each).rejects.toThrow('no space')
    isFull = false
    await keeper.saved()
    expect(writes[0]?.temporaryTokenSecrets).toHaveLength(1)
  })

  test('happens before requests are answered that only look', async () => {
    const stateFile = join(newDirectory(), 'state.json')
    const { sendAs } = await start({ stateFile })
    const path = `${P}/users/bob/tokens/temporary`
    expect((await sendAs(bob)(path)).json).toEqual({ generation: 1 })
    expect(readFileSync(stateFile, 'utf8')).toContain('"generation":1')
    expect(errorOf(await sendAs(alice)(path))).toEqual({ id: 'forbidden' })
  })
})
