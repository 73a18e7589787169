import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { SHELLS } from '../../src/cli/completion-scripts.ts'
import { runDispatch } from './run-dispatch.ts'

let directory: string
const scriptOf = (shell: string): string => join(directory, `onegate.${shell}`)

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'onegate-completion-'))
  for (const shell of SHELLS) {
    const { code, stdout } = await runDispatch(['completion', shell])
    expect(code).toBe(0)
    writeFileSync(scriptOf(shell), stdout)
  }
  writeFileSync(join(directory, 'some-file.yaml'), '')
})
afterAll(() => rmSync(directory, { recursive: true }))

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    process.stderr.write(`${shell} is not installed: its completion is not tested\n`)
    return false
  }
}

/**
 * Types a line and Tab into zsh, which completes for terminals only; prints what it answers until the text that is
 * expected. The bell ends nothing: zsh rings before it lists, if several words go on from the line.
 */
const ZSH = `
import os, pty, select, sys, time
script, line, expected = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM='dumb', PS1='prompt> ')
    os.execvp('zsh', ['zsh', '-f', '-i'])
def read_until(mark, quiet):
    seen, last = b'', time.time()
    while mark not in seen and time.time() - last < quiet:
        if select.select([fd], [], [], 0.1)[0]:
            try: seen += os.read(fd, 65536)
            except OSError: break
            last = time.time()
    return seen
read_until(b'prompt> ', 20)
os.write(fd, f'autoload -Uz compinit; compinit -u -D; source {script}; PS1=com""plete:\\n'.encode())
read_until(b'complete:', 20)
os.write(fd, line.encode() + b'\\t')
print(read_until(expected.encode(), 20).decode(errors='replace'))
`

const COMPLETE: Readonly<Record<string, (line: string, expected: string) => string>> = {
  bash: (line) =>
    execFileSync(
      'bash',
      [
        '-c',
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _onegate; echo "${COMPREPLY[@]}"',
        scriptOf('bash'),
        ...line.split(' '),
      ],
      { encoding: 'utf8', cwd: directory },
    ),
  fish: (line) =>
    execFileSync('fish', ['-c', `source ${scriptOf('fish')}; complete -C"${line}"`], {
      encoding: 'utf8',
      cwd: directory,
      env: { ...process.env, HOME: directory },
    }),
  zsh: (line, expected) =>
    execFileSync('python3', ['-c', ZSH, scriptOf('zsh'), line, expected], {
      encoding: 'utf8',
      cwd: directory,
    }),
}

describe.each(SHELLS.filter(isInstalled))('completion in %s', (shell) => {
  test.each([
    ['onegate inval', 'invalidate'],
    ['onegate token li', 'list'],
    ['onegate token list --exp', '--expiring-within'],
    ['onegate help token del', 'delete'],
    ['onegate serve --config some-f', 'some-file.yaml'],
  ])('%s<Tab>', (line, expected) => {
    expect(COMPLETE[shell]?.(line, expected)).toContain(expected)
  })
})

test('a shell that there is none for is a mistake in usage', async () => {
  for (const args of [[], ['tcsh'], ['--shell', 'tcsh']]) {
    const { code, stderr } = await runDispatch(['completion', ...args])
    expect(code).toBe(2)
    expect(stderr).toContain('say which shell: bash, zsh, fish')
  }
})
