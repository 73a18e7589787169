import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COMMAND_SUMMARIES } from '../../src/cli/help.ts'
import { mint } from '../helpers/tokens.ts'
import { runOnegate } from './onegate-process.ts'
import { runDispatch } from './run-dispatch.ts'

const COMMANDS = Object.keys(COMMAND_SUMMARIES)

describe('help', () => {
  test.each(COMMANDS)('onegate %s --help documents flags and exit codes', async (name) => {
    const { code, stdout, stderr } = await runDispatch([...name.split(' '), '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Usage: onegate ${name}`)
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /)
    expect(stdout.split('\n').every((line) => line.length <= 120)).toBe(true)
  })

  test('the overview names every command, and is plain text where colours are not wanted', async () => {
    const { code, stdout } = await runDispatch(['--help'])
    expect(code).toBe(0)
    for (const name of COMMANDS) expect(stdout).toContain(`  ${name} `)
    expect(stdout).not.toContain('\u001b')
  })

  test('--version is the version of the package', async () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    const expected = { code: 0, stdout: `${version}\n`, stderr: '' }
    expect(await runDispatch(['--version'])).toEqual(expected)
    expect(await runOnegate(['--version'])).toEqual(expected)
  })
})

describe('what is not understood ends with exit code 2, on standard error only', () => {
  test.each([
    ['no command', [], 'onegate: authentication gateway for Onedata tokens'],
    ['an unknown command', ['srve'], 'onegate: there is no command "srve"; did you mean "serve"?'],
    ['token alone', ['token'], 'onegate: authentication gateway for Onedata tokens'],
    [
      'an unknown token command',
      ['token', 'inspekt'],
      'onegate: there is no command "token inspekt"; did you mean "token inspect"?',
    ],
    [
      'an unknown flag',
      ['serve', '--lissten', 'x'],
      'onegate serve: there is no flag --lissten; did you mean "--listen"?',
    ],
    [
      'a flag of another command',
      ['check', '--listen', 'x'],
      'onegate check: there is no flag --listen',
    ],
    ['an inherited name', ['check', '--__proto__'], 'onegate check: there is no flag --__proto__'],
    [
      'a flag twice',
      ['serve', '--listen', 'a', '--listen', 'b'],
      'onegate serve: --listen is given twice',
    ],
    [
      'a flag without its value',
      ['serve', '--listen', '--workers'],
      'onegate serve: --listen needs a value: --listen HOST:PORT',
    ],
    ['a value for a flag without', ['serve', '--json=1'], 'onegate serve: --json takes no value'],
    ['an argument', ['serve', 'config.yaml'], 'onegate serve: takes flags only'],
    ['check without a file', ['check'], 'onegate check: --config FILE is missing'],
    [
      'an Onezone that others can reach',
      ['onezone', '--listen', '0.0.0.0:0'],
      'onegate onezone: --listen 0.0.0.0 can be reached by others, and this Onezone is for development only; listen on 127.0.0.1, or add --i-know-this-is-not-onezone',
    ],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await runDispatch(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n')[0]).toBe(message)
  })

  test('in a process of its own too', async () => {
    expect(await runOnegate(['srve'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'onegate: there is no command "srve"; did you mean "serve"?\nTry: onegate --help\n',
    })
  })

  test.each([
    ['as command', [mint()]],
    ['as flag', ['serve', `--${mint()}`]],
    ['as argument', ['token', 'inspect', mint()]],
    ['as command of token', ['token', mint()]],
    ['after --', ['token', 'verify', '--', mint()]],
  ])('a token %s is not repeated', async (_, args) => {
    const { code, stdout, stderr } = await runDispatch(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toContain(mint().slice(0, 20))
  })
})
