import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { isLong, loadApart } from '../../src/cli/config-apart.ts'
import { loadConfig, originsOf } from '../../src/config/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { directoryWith } from '../config/config-directory.ts'
import { bundledProgram } from '../helpers/bundled-program.ts'

const PROGRAM = bundledProgram('cli/config-thread.js')
const SLOW = 60_000

const HEAD = `onezone: { url: 'https://onezone.example.org' }
assertion: { issuer: 'https://gw.example.org' }
`

const route = (index: number): string =>
  index % 2 === 0
    ? `  - { path: /api-${index}/**, upstream: { urls: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] } }`
    : `  - { path: '/v1/${index}/:id', methods: [GET], headers: { subjectId: X-User }, upstreamHeaders: { X-Key: { file: key } }, caveats: { api: delegate }, upstream: 'http://127.0.0.1:3' }`

async function longConfiguration(broken = '') {
  const routes = Array.from({ length: 450 }, (_, index) => route(index)).join('\n')
  const directory = await directoryWith({
    'onegate.yaml': `${HEAD}routes:\n${routes}\n${broken}`,
    key: 'a secret\n',
  })
  return { file: join(directory, 'onegate.yaml'), key: join(directory, 'key') }
}

describe('a long configuration', { timeout: SLOW }, () => {
  test('is the same when it is loaded in a thread', async () => {
    const { file, key } = await longConfiguration()
    const env = { ONEGATE_REALM: 'apart' }
    const files = new Set<string>()
    const sources = { file, env, flags: { listen: '127.0.0.1:0' } }
    const apart = await loadApart(PROGRAM, sources, files)
    const here = await loadConfig(sources)
    expect(apart).toStrictEqual(here)
    expect(originsOf(apart)).toEqual(originsOf(here))
    expect(originsOf(apart)).toMatchObject({ 'routes[449].upstream.urls': `${file}:453` })
    expect(apart.routes).toHaveLength(450)
    expect([...files]).toEqual([file, key])
  })

  test('tells each problem with its place, and the files that were read', async () => {
    const { file } = await longConfiguration('realm: 5\n')
    const files = new Set<string>()
    const problems = async (loading: Promise<unknown>): Promise<unknown> => {
      const error = await loading.catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ConfigError)
      return (error as ConfigError).problems
    }
    const apart = await problems(loadApart(PROGRAM, { file }, files))
    expect(apart).toEqual(await problems(loadConfig({ file })))
    expect(apart).toEqual([expect.objectContaining({ path: 'realm', source: file })])
    expect(files.has(file)).toBe(true)
  })

  test('is told by the size of its file', async () => {
    const { file, key } = await longConfiguration()
    expect(await isLong({ file })).toBe(true)
    expect(await isLong({ file: key })).toBe(false)
    expect(await isLong({ file: `${file}.missing` })).toBe(false)
    expect(await isLong({})).toBe(false)
  })
})
