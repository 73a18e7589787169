import { join } from 'node:path'

import { expect, test } from 'vitest'

import { directoryWith } from '../config/config-directory.ts'
import { runDispatch } from './run-dispatch.ts'
import { mint } from '../helpers/tokens.ts'

const TOKEN = mint({ caveats: [{ type: 'time', validUntil: 1_893_456_000 }] })

test('tokens are found where they lie, whose they are and until when, but never told', async () => {
  const directory = await directoryWith({
    'clean.txt': 'nothing here\nMDAxxxxxvY2F0aW9uI is none\n',
    'a.env': `# env\nTOKEN="${TOKEN}"\nOTHER=${mint()}\n`,
    'large.bin': `${'x\n'.repeat(600_000)}${TOKEN}\n`,
  })
  const { code, stdout, stderr } = await runDispatch(['token', 'find', directory])
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  const lines = stdout.trim().split('\n')
  expect(lines.map((line) => line.split(/\s+/)[0])).toEqual([
    `${join(directory, 'a.env')}:2`,
    `${join(directory, 'a.env')}:3`,
    `${join(directory, 'large.bin')}:600001`,
  ])
  expect(stdout).toContain('usr-alice')
  expect(stdout).toContain('until 2030-01-01T00:00:00.000Z')
  expect(stdout).toContain('never ends')
  expect(stdout).not.toContain(TOKEN.slice(20, 60))
})

test('where there is none, the exit code says so', async () => {
  const directory = await directoryWith({ 'clean.txt': 'nothing' })
  expect(await runDispatch(['token', 'find', directory])).toMatchObject({ code: 0, stdout: '' })
})

test('each can be one line of JSON', async () => {
  const directory = await directoryWith({ 'a.env': TOKEN })
  const { stdout } = await runDispatch(['token', 'find', '--json', join(directory, 'a.env')])
  expect(JSON.parse(stdout)).toMatchObject({ subject: 'usr-alice', kind: 'access' })
})

test('what cannot be read is said', async () => {
  const { code, stderr } = await runDispatch(['token', 'find', '/no/such/file'])
  expect(code).toBe(2)
  expect(stderr).toContain('/no/such/file cannot be read (ENOENT)')
})
