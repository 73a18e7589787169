import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import { ROW } from '../../bench/proxy/rows.ts'
import { proxySuite } from '../../bench/suites/proxy.ts'
import { ANSWER_CODES, answerFor, createHeaderPolicy } from '../../src/authenticator/index.ts'
import { EXIT } from '../../src/cli/exit-codes.ts'
import { COMMAND_SUMMARIES } from '../../src/cli/help.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import { runDispatch } from '../cli/run-dispatch.ts'
import { startGateway } from '../helpers/gateway.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { methodOf, TOKEN_API_OPERATIONS } from '../helpers/token-api-operations.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { anchorsOf, names, ROOT, rows, tableIn, textOf } from './pages.ts'

const run = promisify(execFile)

describe('the tables are true', () => {
  test('every answer is listed with its status and challenge, and no other', () => {
    const listed = rows('docs/answers.md', 'All answers').map(([, status, challenge, code]) => [
      names(code ?? '')[0],
      Number(status),
      names(challenge ?? '')[0] ?? null,
    ])
    const expected = ANSWER_CODES.map((code) => {
      const { status, challenges } = answerFor(code)
      const error = /error="(\w+)"/.exec(challenges[0] ?? '')?.[1]
      return [code, status, challenges.length === 0 ? null : (error ?? 'Bearer realm="…"')]
    })
    expect(listed.sort()).toEqual(expected.sort())
  })

  test('the last part of the type of every problem is the anchor of what is said of it', () => {
    const anchors = anchorsOf('docs/answers.md')
    const text = textOf('docs/answers.md')
    for (const code of ANSWER_CODES) {
      const { type, status } = JSON.parse(answerFor(code).body) as { type: string; status: number }
      expect(type).toBe(`urn:onegate:problem:${code}`)
      expect(anchors).toContain(type.split(':').at(-1))
      expect(text).toMatch(new RegExp(`^### ${code}\n\n${status}: `, 'm'))
    }
    expect(anchors.filter((anchor) => anchor.includes('_')).sort()).toEqual(
      [...ANSWER_CODES].sort(),
    )
  })

  test('every metric is listed with its labels, and no other', async () => {
    const onezone = await startOnezone()
    const upstream = await startUpstream()
    const gateway = await startGateway({
      onezoneUrl: onezone.url,
      yaml: `routes: [{ path: '/**', upstream: '${upstream.url}', forwardToken: true }]`,
    })
    await fetch(gateway.url, {
      headers: { 'X-Auth-Token': onezone.createTemporaryToken({ subject: ALICE }) },
    })
    await fetch(gateway.url)
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    const shown = [...text.matchAll(/^# TYPE (onegate_\w+)/gm)].map((match) => match[1])
    const metrics = rows('docs/operations.md', 'Metrics')
    const listed = metrics.map(([metric]) => names(metric ?? '')[0])
    expect(listed.sort()).toEqual(shown.sort())
    for (const [metric, labels] of metrics) {
      const sample = new RegExp(`^${names(metric ?? '')[0]}(?:_sum)?\\{(.*?)\\}`, 'm').exec(text)
      const inUse = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map((match) => match[1])
      if (sample !== null) expect(names(labels ?? '').sort(), metric).toEqual(inUse.sort())
    }
  })

  test('every identity field is listed', () => {
    const stated = createHeaderPolicy()
      .state(null)
      .filter((_, i) => i % 2 === 0)
    const listed = rows('docs/traffic.md', 'Header fields').flatMap(([field]) => names(field ?? ''))
    expect(listed.filter((name) => name.startsWith('X-Onedata-'))).toEqual(stated)
  })

  test('every command is listed', async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, 'dist/cli/main.js'), '--help'])
    const section = stdout.split('Commands:\n')[1]?.split('\n\n')[0] ?? ''
    const commands = [...section.matchAll(/^ {2}(\S+(?: \S+)?) {2,}/gm)].map((match) => match[1])
    const listed = rows('docs/cli.md', 'Commands').map(([command]) =>
      (names(command ?? '')[0] ?? '').replace('onegate ', ''),
    )
    expect(listed).toEqual(commands)
  })

  test('every command takes --json, but the two that are said not to', async () => {
    expect(textOf('docs/cli.md').replaceAll('\n', ' ')).toContain(
      'Every command but `token confine`, which prints a token and nothing else, and `completion`,',
    )
    const without = ['token confine', 'completion']
    for (const command of Object.keys(COMMAND_SUMMARIES)) {
      const { stdout } = await runDispatch([...command.split(' '), '--help'])
      expect(/^ {2}--json /m.test(stdout), command).toBe(!without.includes(command))
    }
  })

  test('every exit code is listed', () => {
    const listed = rows('docs/cli.md', 'Exit codes').map(([code]) => Number(names(code ?? '')[0]))
    expect(listed).toEqual([...Object.values(EXIT), 128 + 2, 128 + 15])
  })

  test('every operation of the Token API is listed, with a client method and commands that exist', () => {
    const client = createOnezoneClient({ url: 'http://127.0.0.1:1' })
    const listed = rows('docs/token-api.md', 'Operations')
    expect(
      listed
        .map(([method, path, call]) => [method, names(path ?? '')[0], names(call ?? '')[0]])
        .sort(),
    ).toEqual(
      TOKEN_API_OPERATIONS.map((operation) => [
        operation.method,
        operation.path,
        methodOf(operation),
      ]).sort(),
    )
    const commands = listed.flatMap(([, , , command]) => names(command ?? ''))
    for (const command of commands) {
      expect(Object.keys(COMMAND_SUMMARIES)).toContain(command.replace('onegate ', ''))
    }
    // All but the one that asks no Onezone, or not about the token alone.
    const tokenCommands = Object.keys(COMMAND_SUMMARIES).filter((name) => name.startsWith('token'))
    expect([...new Set(commands), 'onegate token explain'].sort()).toEqual(
      tokenCommands.map((name) => `onegate ${name}`).sort(),
    )
    for (const [, , call] of listed) {
      expect(client).toHaveProperty(names(call ?? '')[0] ?? '', expect.any(Function))
    }
  })
})

describe('the measured table', () => {
  const measured =
    /<!-- bench:proxy -->\n(.*?)<!-- \/bench:proxy -->/s.exec(textOf('docs/performance.md'))?.[1] ??
    ''
  const [head = [], ...body] = tableIn(measured)

  test('stands between its markers, a row per contender, every value a number', () => {
    expect(head.slice(1)).toEqual(
      [...proxySuite.columns, ...proxySuite.ratios].map(({ title }) => title),
    )
    const contenders = body.map(([row]) => row)
    expect(contenders).toEqual(expect.arrayContaining([ROW.direct, ROW.open, ROW.hit, ROW.misses]))
    for (const [row, ...values] of body) {
      expect(values, row).toHaveLength(head.length - 1)
      expect(values.map(Number).filter(Number.isNaN), row).toEqual([])
    }
  })

  test('comes with the machine, and with every goal met or missed', () => {
    expect(measured).toMatch(/^- .* cores, .* GiB/m)
    expect(measured).toMatch(/^- Node \d+\.\d+\.\d+, commit [0-9a-f]{10}/m)
    for (const { title, of, to } of proxySuite.comparisons.filter(
      ({ goal }) => goal !== undefined,
    )) {
      const lines = measured
        .split('\n')
        .filter((line) => line.startsWith(`- ${title}, “${of}” against “${to}”`))
      const verdict = /(?:; goal: .*, (?:met|\*\*missed\*\*.*)|: not measured)$/
      expect(
        lines.filter((line) => verdict.test(line)),
        `${of} against ${to}`,
      ).toHaveLength(1)
    }
  })
})
