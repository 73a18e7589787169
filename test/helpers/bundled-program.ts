import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { packageVersion } from '../../src/package-version.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Where the bundles are. Files lie beside each other as in `dist`, because the command line finds its worker so. */
const BUNDLES = join(ROOT, 'node_modules/.cache/onegate-test')

const PROGRAMS = ['cli/main.js', 'cli/serve.js', 'cli/worker.js', 'dev-onezone/index.js'] as const

/**
 * File name of a program of `dist`, bundled with all that it loads: the same code, but a process starts in a third of
 * the processor time. The suite starts hundreds of them. `test/package.test.ts` and `test/docs/` run `dist` itself.
 */
export function bundledProgram(name: (typeof PROGRAMS)[number]): string {
  return join(BUNDLES, name)
}

/** Bundles the programs of the present `dist`. */
export async function bundlePrograms(): Promise<void> {
  // Loaded here, because every test file that starts a program loads this one.
  const { build } = await import('esbuild')
  // Files of an earlier run may be those of another tree, too: a copy of `node_modules` by hard links shares them.
  rmSync(BUNDLES, { recursive: true, force: true })
  await build({
    entryPoints: PROGRAMS.map((name) => join(ROOT, 'dist', name)),
    outbase: join(ROOT, 'dist'),
    outdir: BUNDLES,
    chunkNames: 'chunks/[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    // What dependencies in CommonJS load of Node itself.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  // The page's scripts are looked for from where the code lies.
  cpSync(join(ROOT, 'dist/page'), join(BUNDLES, '../dist/page'), { recursive: true })
  writeFileSync(join(BUNDLES, 'package.json'), JSON.stringify({ version: packageVersion() }))
}
