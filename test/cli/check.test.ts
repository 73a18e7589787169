import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { directoryWith, SERVICE_TOKEN } from '../config/config-directory.ts'
import { runDispatch } from './run-dispatch.ts'

const GOOD = `
onezone: { url: https://onezone.example.org, serviceTokenFile: token }
trustedProxies: [10.0.0.0/8]
routes:
  - { path: /public/**, token: none, upstream: "http://127.0.0.1:3000" }
  - { id: api, path: /**, optional: true, upstream: "http://127.0.0.1:3001/base" }
`

describe('onegate check', () => {
  test('says what would run', async () => {
    const file = join(await directoryWith({ 'c.yaml': GOOD, token: SERVICE_TOKEN }), 'c.yaml')
    const { code, stdout, stderr } = await runDispatch(['check', '--config', file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`${file}: good

listen           127.0.0.1:8080
admin            127.0.0.1:9090
Onezone          https://onezone.example.org, with a service token
trusted proxies  10.0.0.0/8
staleness        at most 10000 ms

route       path        token              interface  upstream
/public/**  /public/**  none               -          http://127.0.0.1:3000
api         /**         access (optional)  rest       http://127.0.0.1:3001/base

tokens of these tiles of Onezone's wizard do not pass:
api  Oneclient        its interface is rest, not oneclient
api  Read only data   it refuses data.readonly caveats
api  Restricted data  it refuses data.path caveats
`)
  })

  test('says which requests take a route, and every upstream', async () => {
    const text = `onezone: { url: https://o.example }
routes:
  - path: /users/:id
    hosts: [api.example]
    methods: [GET, PUT]
    upstream: { urls: ["http://127.0.0.1:1", "unix:/run/app.sock"], healthCheck: { path: /healthz } }
  - { path: /users/:name, hosts: [api.example], methods: [GET], upstream: "http://127.0.0.1:1" }
`
    const file = join(await directoryWith({ 'c.yaml': text }), 'c.yaml')
    const bad = await runDispatch(['check', '--config', file])
    expect(bad.stderr).toContain(
      'c.yaml:7:13: routes[1].path: can never match, since routes[0] (GET,PUT api.example/users/:id) comes first',
    )
    const good = join(
      await directoryWith({ 'c.yaml': text.replace(/\n[^\n]*:name.*/, '') }),
      'c.yaml',
    )
    const { stdout } = await runDispatch(['check', '--config', good])
    const title = 'GET,PUT api.example/users/:id'
    expect(stdout).toContain(
      `${title}  ${title}  access  rest       http://127.0.0.1:1, unix:///run/app.sock\n`,
    )
  })

  test('warns of public routes that take near misses of protected ones, and of no others', async () => {
    const text = `onezone: { url: https://o.example }
routes:
  - { path: /admin/**, upstream: "http://127.0.0.1:1" }
  - { path: /report, methods: [GET], hosts: [api.example], upstream: "http://127.0.0.1:1" }
  - { path: /open/**, token: none, upstream: "http://127.0.0.1:1" }
  - { path: /**, token: none, upstream: "http://127.0.0.1:1" }
`
    const file = join(await directoryWith({ 'c.yaml': text }), 'c.yaml')
    const { code, stdout } = await runDispatch(['check', '--config', file])
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => line.startsWith('warning'))).toEqual([
      'warning: routes[3] is public, and takes near misses of routes[0] (/admin/**): GET /admin.json, GET /admin-x; if the upstream serves them, protect them too',
      expect.stringMatching(
        /^warning: routes\[3\] is public, .* routes\[1\] \(GET api\.example\/report\): GET api\.example\/report\.json, .*, POST api\.example\/report, .*, GET other\.example\/report;/,
      ),
    ])
    const json = await runDispatch(['check', '--json', '--config', file])
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      warnings: [{ path: 'routes[3]' }, { path: 'routes[3]' }],
    })
    const closed = text.replaceAll(/, token: none/g, '')
    const other = join(await directoryWith({ 'c.yaml': closed }), 'c.yaml')
    expect((await runDispatch(['check', '--config', other])).stdout).not.toContain('warning')
  })

  test('shows no value of upstreamHeaders, be it from a file or not', async () => {
    const text = `onezone: { url: https://o.example }
routes:
  - path: /**
    upstreamHeaders: { X-Api-Key: plain-secret, Authorization: { file: credential } }
    upstream: "http://127.0.0.1:1"
`
    const directory = await directoryWith({ 'c.yaml': text, credential: 'Basic c2VjcmV0\n' })
    const file = join(directory, 'c.yaml')
    for (const json of [[], ['--json']]) {
      const { code, stdout } = await runDispatch(['check', ...json, '--config', file])
      expect(code).toBe(0)
      expect(stdout).not.toMatch(/plain-secret|c2VjcmV0/)
      if (json.length > 0) expect(stdout).toContain('{"X-Api-Key":"•••","Authorization":"•••"}')
    }
  })

  test('in colours on a terminal, unless NO_COLOR is set', async () => {
    const file = join(await directoryWith({ 'c.yaml': GOOD, token: SERVICE_TOKEN }), 'c.yaml')
    const check = (env: Record<string, string>, isTTY: boolean) =>
      runDispatch(['check', '--config', file], { env, isTTY })
    expect((await check({}, true)).stdout).toContain(': \u001b[32mgood\u001b[39m\n')
    expect((await check({}, false)).stdout).not.toContain('\u001b')
    expect((await check({ NO_COLOR: '1' }, true)).stdout).not.toContain('\u001b')
    expect((await check({ TERM: 'dumb' }, true)).stdout).not.toContain('\u001b')
  })

  test('--json prints the configuration without its secrets', async () => {
    const file = join(await directoryWith({ 'c.yaml': GOOD, token: SERVICE_TOKEN }), 'c.yaml')
    const { code, stdout } = await runDispatch(['check', '--config', file, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      config: {
        verifier: { serviceToken: true, ca: false },
        routes: [{ id: '/public/**' }, { id: 'api' }],
      },
      // Where it was given, not what is in it.
      origins: { 'verifier.serviceToken': expect.stringMatching(/c\.yaml:\d+$/) },
    })
    expect(stdout).not.toContain('MDA')
  })

  test('tells every problem with its place, and exit code 78', async () => {
    const text =
      'listn: 1\nonezone: { url: https://o }\nroutes: [{ path: /**, token: acess, upstream: x }]\n'
    const file = join(await directoryWith({ 'c.yaml': text }), 'c.yaml')
    const env = { ONEGATE_LOG_LEVEL: 'loud' }
    const [plain, json] = await Promise.all([
      runDispatch(['check', '--config', file], { env }),
      runDispatch(['check', '--config', file, '--json'], { env }),
    ])
    expect(plain).toEqual({
      code: 78,
      stdout: '',
      stderr: `${file}:1:1: listn: is not a setting here; did you mean "listen"?
${file}:3:30: routes[0].token: must be one of access, identity, invite, none, not "acess"; did you mean "access"?
${file}:3:47: routes[0].upstream: must be a URL that begins with http:// or https://, e.g. http://127.0.0.1:3000, or a Unix socket, e.g. unix:///run/app.sock
ONEGATE_LOG_LEVEL: log.level: must be one of debug, info, warn, error, not "loud"
onegate check: the configuration has 4 problems
`,
    })
    expect(json).toMatchObject({ code: 78, stderr: '' })
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [
        { path: 'listn', source: file, line: 1, column: 1 },
        {},
        {},
        { source: 'ONEGATE_LOG_LEVEL' },
      ],
    })
  })
})
