import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { openLineSink } from '../src/line-sink.ts'

const PROGRAM = `
import { openLineSink } from ${JSON.stringify(new URL('../src/line-sink.ts', import.meta.url))}
const sink = openLineSink({ to: 2 })
for (let i = 0; i < 40_000; i++) sink.write('x'.repeat(99) + '\\n')
let turns = 0
const timer = setInterval(() => {
  if (++turns < 5) return
  clearInterval(timer)
  process.stdout.write(String(sink.dropped), () => process.exit(7))
}, 10)
`

test('a standard error that nobody reads stops neither the process nor its end', async () => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', PROGRAM]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let dropped = ''
  child.stdout.on('data', (chunk: Buffer) => (dropped += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  expect(code).toBe(7)
  expect(Number(dropped)).toBeGreaterThan(20_000)
}, 60_000)

test('what fits is written, also what is left at the end', async () => {
  const program = `
import { openLineSink } from ${JSON.stringify(new URL('../src/line-sink.ts', import.meta.url))}
const sink = openLineSink({ to: 2 })
for (let i = 0; i < 5_000; i++) sink.write(i + '\\n')
process.exitCode = 3
process.exit()
`
  const args = ['--import', 'tsx', '--input-type=module', '-e', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(child, 'close')
  expect(child.exitCode).toBe(3)
  expect(text.split('\n').filter(Boolean)).toEqual(Array.from({ length: 5_000 }, (_, i) => `${i}`))
}, 60_000)

test('lines that do not fit are lost and counted; a file gets the others', () => {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-sink-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'log')
  const sink = openLineSink({ to: file, maxWaiting: 10 })
  for (const line of ['a\n', '12345678\n', '12345678\n']) sink.write(line)
  expect(sink.dropped).toBe(1)
  sink.close()
  expect(readFileSync(file, 'utf8').split('\n').filter(Boolean).sort().at(0)).toBe('12345678')
})
