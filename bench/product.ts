import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..')

/**
 * Compiles `src` for the bench and answers the directory, laid out like the published package; it is removed when this
 * process ends.
 *
 * What is measured is what is published: tsx compiles with esbuild's `keepNames`, which puts a call around every
 * function that is made, closures on the path of a request too. And it is always today's `src`, unlike `dist`.
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
  try {
    await promisify(execFile)(compiler, ['-p', ROOT, '--outDir', join(product, 'dist')])
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    throw new Error(`src does not compile, so there is nothing to measure:\n${stdout}`, {
      cause: error,
    })
  }
  return product
}
