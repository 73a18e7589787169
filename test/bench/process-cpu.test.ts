import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

import { describe, expect, onTestFinished, test } from 'vitest'

import { cpuMicrosBetween, processTree, readCpu } from '../../bench/process-cpu.ts'

/** A process that has a child of its own; each is busy for some milliseconds of CPU time, says so, and waits. */
async function startParent(): Promise<{ pid: number; childPid: number }> {
  const busy =
    'const busy = () => { while (process.cpuUsage().user < 150_000); }; process.stdin.resume();'
  const inner = `${busy} busy(); process.stdout.write(process.pid + '\\n')`
  const outer = `${busy} busy();
    const { spawn } = require('node:child_process')
    spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: ['inherit', 'inherit', 'inherit'] })`
  const parent = spawn(process.execPath, ['-e', outer], { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) => {
    parent.stdout.once('data', (chunk) => resolve(String(chunk)))
  })
  const childPid = Number(line)
  onTestFinished(() => {
    process.kill(childPid)
    parent.kill()
  })
  return { pid: parent.pid ?? 0, childPid }
}

describe.skipIf(!existsSync('/proc/self/schedstat'))('the CPU time of processes', () => {
  test('is that of a process and of its descendants, and of nobody else', async () => {
    const { pid, childPid } = await startParent()
    expect(processTree(pid)).toEqual([pid, childPid])
    expect(processTree(childPid)).toEqual([childPid])
    const both = cpuMicrosBetween(new Map(), readCpu(pid)) ?? 0
    const child = cpuMicrosBetween(new Map(), readCpu(childPid)) ?? 0
    expect(child).toBeGreaterThanOrEqual(150_000)
    expect(both - child).toBeGreaterThanOrEqual(150_000)
  })

  test('counts a thread that began in between from its beginning, and none that ended', () => {
    const before = new Map([
      ['1/1', 100],
      ['1/2', 50],
    ])
    const after = new Map([
      ['1/1', 130],
      ['1/3', 7],
    ])
    expect(cpuMicrosBetween(before, after)).toBe(37)
    expect(cpuMicrosBetween(null, after)).toBeNull()
  })

  test('of a process that is gone is nothing', async () => {
    const gone = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
    await new Promise((resolve) => gone.once('exit', resolve))
    expect(readCpu(gone.pid ?? 0)).toEqual(new Map())
  })
})
