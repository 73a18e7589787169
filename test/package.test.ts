import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIN = join(ROOT, 'node_modules/.bin')

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
}
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

/** What attw says, as far as it is asked for here. */
interface TypesReport {
  analysis: {
    entrypoints: Record<
      string,
      { resolutions: Record<string, { resolution?: { fileName: string } } | undefined> }
    >
    problems: { resolutionKind?: string }[]
  }
}

let scratch: string
let tarball: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'onegate-package-'))
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch],
    { cwd: ROOT },
  )
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  tarball = join(scratch, packed?.filename ?? '')
}, 120_000)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('the package', () => {
  test('is packed with its build, its documentation, its licence and nothing else', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.trim().split('\n')
    const top = new Set(files.map((file) => file.split('/')[1]))
    expect([...top].sort()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist',
      'docs',
      'package.json',
    ])
    expect(
      files.filter((file) => !/\.(?:js|d\.ts)$/.test(file) && file.includes('/dist/')),
    ).toEqual([])
    expect(files).toContain('package/dist/cli/main.js')
    const linked = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(
      /\]\(([^):#]+)(?:#[^)]*)?\)/g,
    )
    const links = [...linked].map(([, file]) => `package/${file}`)
    expect(links).toContain('package/docs/onegate.svg')
    expect(files).toEqual(expect.arrayContaining(links))
  })

  test('has an entry for every room that is public, and each exists', () => {
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      for (const file of typeof target === 'string' ? [target] : [target.types, target.default]) {
        expect(existsSync(join(ROOT, file)), `${subpath} → ${file}`).toBe(true)
      }
    }
    expect(Object.keys(manifest.exports)).toEqual([
      '.',
      './token',
      './onezone',
      './token-lookup',
      './proxy',
      './gateway',
      './metrics',
      './dev',
      './package.json',
    ])
  })

  test('is clean for publint', async () => {
    const { stdout } = await run(join(BIN, 'publint'), [tarball, '--strict'], { cwd: ROOT })
    expect(stdout).toContain('All good!')
  }, 240_000)

  test('has types that resolve for ESM importers', async () => {
    // As JSON: what is drawn for people depends on terminal and environment.
    const { stdout } = await run(
      join(BIN, 'attw'),
      [tarball, '--profile', 'esm-only', '--format', 'json'],
      { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 },
    )
    const { analysis } = JSON.parse(stdout) as TypesReport
    expect(Object.keys(analysis.entrypoints)).toEqual(Object.keys(manifest.exports))
    for (const [subpath, { resolutions }] of Object.entries(analysis.entrypoints)) {
      for (const kind of ['node16-esm', 'bundler']) {
        expect(resolutions[kind]?.resolution?.fileName, `${subpath}, ${kind}`).toMatch(
          /\/(?:index\.d\.ts|gateway\.d\.ts|dev\.d\.ts|package\.json)$/,
        )
      }
    }
    const ignored = ['node10', 'node16-cjs']
    expect(
      analysis.problems.filter(({ resolutionKind }) => !ignored.includes(resolutionKind ?? '')),
    ).toEqual([])
  }, 240_000)

  test('depends on nothing that it does not import, and imports nothing that it does not name', () => {
    const imported = new Set<string>()
    for (const file of readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.js')) continue
      const text = readFileSync(join(ROOT, 'dist', file), 'utf8')
      for (const match of text.matchAll(/\b(?:from\s+|import\()(['"])([^.'"][^'"]*)\1/g)) {
        const specifier = match[2] ?? ''
        if (specifier.startsWith('node:')) continue
        imported.add(specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
      }
    }
    const named = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]
    expect([...imported].sort()).toEqual(named.sort())
  })
})

describe('importing', () => {
  /** The modules that a fresh process has loaded after importing one subpath, by their resolve hook. */
  async function loadedBy(subpath: string): Promise<string> {
    const entry = manifest.exports[subpath]
    const file = typeof entry === 'object' ? entry.default : ''
    const script = `
      import { register } from 'node:module'
      const hook = 'export async function resolve(s, c, n) { const r = await n(s, c); process._rawDebug(r.url); return r }'
      register('data:text/javascript,' + encodeURIComponent(hook))
      await import(${JSON.stringify(join(ROOT, file))})
    `
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', script])
    return stderr
  }

  test('the middleware loads neither proxy, nor prom-client, nor an HTTP server', async () => {
    const loaded = await loadedBy('.')
    expect(loaded).toContain('/dist/middleware/')
    expect(loaded).not.toMatch(
      /\/dist\/(?:proxy|metrics|gateway|listener|routing|dev-onezone|config|cli)\//,
    )
    expect(loaded).not.toMatch(/node_modules\/(?:prom-client|@hono\/node-server|pino|zod|yaml)\//)
  })

  test('the proxy for Hono apps loads neither prom-client, nor the settings, nor Hono', async () => {
    const loaded = await loadedBy('./proxy')
    expect(loaded).toContain('/dist/proxy/')
    expect(loaded).not.toMatch(/\/dist\/(?:metrics|gateway|config|cli)\//)
    expect(loaded).not.toMatch(/node_modules\/(?:prom-client|@?hono|pino|zod|yaml)\//)
  })

  test('the token tools load no package at all', async () => {
    const loaded = await loadedBy('./token')
    expect(loaded).toContain('/dist/token/')
    expect(loaded).not.toContain('node_modules')
  })
})
