import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds once for all tests that look at the package as its users get it, so that a stale `dist` proves nothing. */
export default function setup(): void {
  const root = fileURLToPath(new URL('..', import.meta.url))
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'pipe' })
}
