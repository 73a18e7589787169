import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..')

/** What runs beside the bench, without tsx, and therefore is compiled together with the product. */
const PROGRAMS = 'bench/programs'

/**
 * Compiles `src` for the bench and answers the directory, laid out like the published package; it is removed when this
 * process ends. The programs of the bench are in it too, and import the very modules of the product.
 *
 * What is measured is what is published, the program bundled as there: tsx compiles with esbuild's `keepNames`, which
 * puts a call around every function that is made, closures on the path of a request too. And it is always today's `src`,
 * unlike `dist`.
 *
 * @throws {Error} with the compiler's words, where it finds fault with `src`.
 */
export async function buildProduct(): Promise<string> {
  const cache = join(ROOT, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  // Below node_modules, so that the product finds its dependencies; not in /tmp.
  const product = mkdtempSync(join(cache, 'onegate-bench-'))
  process.once('exit', () => rmSync(product, { recursive: true, force: true }))

  copyFileSync(join(ROOT, 'package.json'), join(product, 'package.json'))
  const compiler = join(ROOT, 'node_modules', '.bin', 'tsc')
  const project = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      rootDir: ROOT,
      outDir: product,
      declaration: false,
      isolatedDeclarations: false,
    },
    include: [join(ROOT, 'src'), join(ROOT, PROGRAMS)],
  }
  writeFileSync(join(product, 'tsconfig.json'), JSON.stringify(project))
  try {
    await promisify(execFile)(compiler, ['-p', product])
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    throw new Error(`src does not compile, so there is nothing to measure:\n${stdout}`, {
      cause: error,
    })
  }
  const bundled = `--outdir=${join(product, 'src/cli')}`
  await promisify(execFile)('npm', ['run', 'bundle', '--', bundled], { cwd: ROOT })
  symlinkSync('src', join(product, 'dist'))
  return product
}

/** The compiled form of a program of the bench. */
export function programPath(product: string, name: string): string {
  return join(product, PROGRAMS, `${name}.js`)
}
