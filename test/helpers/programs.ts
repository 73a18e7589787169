import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, stderr } from 'node:process'

import { onTestFinished } from 'vitest'

/** Whether a program is here; where it is not, it is said that its tests are skipped. */
export function hasProgram(program: string, versionFlag: string): boolean {
  try {
    execFileSync(program, [versionFlag], { stdio: 'ignore' })
    return true
  } catch {
    stderr.write(`skipped: ${program} is not installed\n`)
    return false
  }
}

/** A directory of its own, until the test ends. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `onegate-${name}-`))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

/** Whatever is said about this machine, these programs are to reach ours. */
const AS_FRESH = { NO_PROXY: '*', AWS_CA_BUNDLE: undefined, LC_ALL: 'C.UTF-8' }

/** Runs a program to its end, and returns what it prints. */
export function run(
  program: string,
  args: readonly string[],
  { home, cwd = home }: { readonly home: string; readonly cwd?: string },
): Promise<string> {
  const own = { ...AS_FRESH, HOME: home, XDG_CONFIG_HOME: home }
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...env, ...own }, maxBuffer: 16 * 1024 * 1024 }
    execFile(program, args, options, (error, output, errors) => {
      if (error === null) resolve(output)
      else reject(new Error(`${program} failed: ${output}${errors}`))
    })
  })
}

/** Starts a program, and ends it and whatever it has started when the test ends. */
export function startProgram(program: string, args: readonly string[], home: string): void {
  const child = spawn(program, args, {
    cwd: home,
    env: { ...env, ...AS_FRESH, HOME: home, XDG_CONFIG_HOME: home },
    stdio: 'ignore',
    detached: true,
  })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null) {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    await ended
  })
}
