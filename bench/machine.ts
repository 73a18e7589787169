import { execFileSync } from 'node:child_process'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'

/** Load average per core of a machine that has little else to do. */
const QUIET_LOAD = 0.5

/** Where, on what and when a report was made, a line a fact. */
export function describeMachine(): string[] {
  const { length: cores } = cpus()
  const [load = 0] = loadavg()
  const memory = Math.round(totalmem() / 2 ** 30)
  return [
    `${cpus()[0]?.model.trim()}, ${cores} cores, ${memory} GiB, ${platform()} ${release()}; ` +
      `load average before: ${Math.round(load * 100) / 100}` +
      (load > QUIET_LOAD * cores ? ', **the machine was busy with other things**' : ''),
    `Node ${process.versions.node}, commit ${currentCommit()}, ${new Date().toISOString()}`,
  ]
}

/** With `-dirty` behind it where the working tree differs. */
function currentCommit(): string {
  const git = (...args: string[]): string =>
    // Without the lock a status does not write the index, which others may be using.
    execFileSync('git', ['--no-optional-locks', ...args], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    const commit = git('rev-parse', '--short=10', 'HEAD')
    return git('status', '--porcelain') === '' ? commit : `${commit}-dirty`
  } catch {
    return 'unknown'
  }
}
