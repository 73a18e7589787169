import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import type { BuildOptions, Plugin } from 'esbuild'

import { packageVersion } from '../../src/package-version.ts'
import { warmUp } from './code-cache.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = join(ROOT, 'src')

/** The package of the bundles. Its files lie as in the true one, because the command line finds its worker so. */
const PACKAGE = join(ROOT, 'node_modules/.cache/onegate-test')
const BUNDLES = join(PACKAGE, 'dist')

/** Loaded as modules. */
const MODULES = ['cli/config-thread', 'dev-onezone/index'] as const

/** Started hundreds of times: what V8 has compiled of them once is kept for all starts. */
const SCRIPTS = ['cli/main', 'cli/worker'] as const

/**
 * File name of a program, bundled with all that it loads: the same code, but a process starts in a fraction of the
 * processor time. `test/package.test.ts` and `test/docs/` run `dist` itself.
 */
export function bundledProgram(name: `${(typeof MODULES | typeof SCRIPTS)[number]}.js`): string {
  return join(BUNDLES, name)
}

/** Bundles the programs of the present sources. */
export async function bundlePrograms(): Promise<void> {
  // Loaded here, because every test file that starts a program loads this one.
  const { build } = await import('esbuild')
  // Files of an earlier run may be those of another tree, too: a copy of `node_modules` by hard links shares them.
  rmSync(PACKAGE, { recursive: true, force: true })
  const all: BuildOptions = {
    bundle: true,
    platform: 'node',
    outbase: SOURCES,
    outdir: BUNDLES,
    plugins: [fitForBundles],
  }
  await build({
    ...all,
    entryPoints: MODULES.map((name) => join(SOURCES, `${name}.ts`)),
    chunkNames: 'chunks/[hash]',
    splitting: true,
    format: 'esm',
    // What dependencies in CommonJS load of Node itself.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  await build({
    ...all,
    entryPoints: SCRIPTS.map((name) => join(SOURCES, `${name}.ts`)),
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.resolve': 'require.resolve' },
  })
  for (const name of SCRIPTS) writeFileSync(join(BUNDLES, `${name}.js`), LOADER)
  cpSync(join(ROOT, 'dist/page'), join(BUNDLES, 'page'), { recursive: true })
  const manifest = {
    name: 'onegate',
    version: packageVersion(),
    type: 'module',
    exports: { './package.json': './package.json' },
  }
  writeFileSync(join(PACKAGE, 'package.json'), JSON.stringify(manifest))
  await warmUp(bundledProgram('cli/main.js'))
}

/** Modules keep the addresses that they have in a package, and those that wait at their outermost do so in a function. */
const fitForBundles: Plugin = {
  name: 'fit for bundles',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const name = relative(SOURCES, path).replace(/ts$/, 'js')
      const url = JSON.stringify(pathToFileURL(join(BUNDLES, name)).href)
      const text = readFileSync(path, 'utf8').replace(/^#!.*/, '')
      const contents = text.replaceAll('import.meta.url', url)
      if (!/^(?:[\w.]+ = )?await /m.test(text)) return { contents, loader: 'ts' }
      const [, imports = '', rest = ''] = /^((?:\s*import .*\n)*)([^]*)$/.exec(contents) ?? []
      return { contents: `${imports};(async () => {\n${rest}\n})()`, loader: 'ts' }
    })
  },
}

/** Runs the script beside it, by the code that is kept for it if there is some. */
const LOADER = `
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { env, pid } from 'node:process'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

const filename = fileURLToPath(import.meta.url).replace(/js$/, 'cjs')
const kept = filename + '.code'
const cachedData = existsSync(kept) ? readFileSync(kept) : undefined
// It is ASCII.
const text = '(function (require, module) {' + readFileSync(filename, 'latin1') + '\\n})'
const script = new Script(text, { filename, cachedData })
script.runInThisContext()(createRequire(import.meta.url), { exports: {} })
if (env.TEST_KEEP_CODE !== undefined) {
  process.on('exit', () => {
    writeFileSync(kept + pid, script.createCachedData())
    renameSync(kept + pid, kept)
  })
}
`
