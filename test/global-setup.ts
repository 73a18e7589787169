import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { bundlePrograms } from './helpers/bundled-program.ts'

/**
 * Builds once for all tests that look at the package as its users get it, so that a stale `dist` proves nothing. The
 * compiler compiles again only what is not what it was when it last wrote `dist`.
 */
export default async function setup(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'pipe' })
  await bundlePrograms()
}
