import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

import { describe, expect, onTestFinished, test } from 'vitest'

import { lookAtProcess, readProcessStat } from '../../src/cluster/process-sight.ts'

const line = (name: string, state: string): string =>
  `4711 (${name}) ${state} 1 4711 4711 0 -1 4194304 100 0 0 0 12 34 5 6 20 0 11 0 5799980 3133440 348`

describe('a line of /proc/<pid>/stat', () => {
  test.each([
    ['R', 'runnable'],
    ['S', 'asleep'],
    ['I', 'asleep'],
    ['T', 'stopped'],
    ['t', 'held'],
    ['D', 'held'],
    ['Z', 'held'],
  ])('with %s tells of a process that is %s', (state, doing) => {
    expect(readProcessStat(line('node', state))).toEqual({ doing, cpuMs: 460 })
  })

  test.each(['a b', 'a) R 1 (b', '(', ')', 'x) S 9 9 9 9 9 9 9 9 9 9 9 9 9'])(
    'is read behind the name %j',
    (name) => {
      expect(readProcessStat(line(name, 'T'))).toEqual({ doing: 'stopped', cpuMs: 460 })
    },
  )

  test.each(['', '4711', '4711 (node', '4711 (node) S', line('node', '?'), line('node', 'RR')])(
    'that is none, as %j, tells nothing',
    (text) => {
      expect(readProcessStat(text)).toBeNull()
    },
  )
})

describe.skipIf(process.platform !== 'linux')('a process of this machine', () => {
  test('is seen to be stopped, and to go on', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log()'])
    onTestFinished(() => void child.kill('SIGKILL'))
    const pid = child.pid ?? 0
    await once(child.stdout, 'data')
    child.kill('SIGSTOP')
    await expect.poll(() => lookAtProcess(pid)?.doing).toBe('stopped')
    child.kill('SIGCONT')
    await expect.poll(() => lookAtProcess(pid)?.doing).toBe('asleep')
  })

  test('is this one, which computes, and whose time goes on', () => {
    const before = lookAtProcess(process.pid)
    // In a test runner's thread this is the process all the same.
    while ((lookAtProcess(process.pid)?.cpuMs ?? 0) <= (before?.cpuMs ?? 0)) {
      readFileSync('/proc/self/stat')
    }
    expect(lookAtProcess(process.pid)?.cpuMs).toBeGreaterThan(before?.cpuMs ?? 0)
  })

  test('that is not there is not seen', () => {
    expect(lookAtProcess(2 ** 30)).toBeNull()
  })
})
