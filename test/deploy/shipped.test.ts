import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stderr } from 'node:process'
import { promisify } from 'node:util'

import { describe, expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

import { createHeaderPolicy, CREDENTIAL_FIELDS } from '../../src/authenticator/index.ts'
import { readDialect } from '../../src/forward-auth/dialects.ts'
import { describeRequest, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { DEPLOY, shipped } from '../helpers/front-proxy.ts'
import { startUpstream } from '../helpers/upstream.ts'

const run = promisify(execFile)

const FILES = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' }).filter((name) =>
  statSync(join(DEPLOY, name)).isFile(),
)
const FOLDERS = readdirSync(DEPLOY).filter((name) => statSync(join(DEPLOY, name)).isDirectory())

const IDENTITY = createHeaderPolicy().names.map((name) => name.toLowerCase())

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    stderr.write(`skipped: ${program} is not installed\n`)
    return false
  }
}

/** What stands at a path of a file, e.g. `http.middlewares.onegate`. */
function at(file: string, path: string): unknown {
  const [first] = parseAllDocuments(shipped(file))
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key],
      first?.toJS(),
    )
}

const lower = (names: unknown): string[] => (names as string[]).map((name) => name.toLowerCase())

describe('what is shipped in deploy/', () => {
  test.each(FOLDERS)('%s has a page that says what it is, and no longer one', (folder) => {
    const page = shipped(`${folder}/README.md`)
    expect(page).toMatch(/^# /)
    expect(page.split('\n').length).toBeLessThan(50)
    expect(shipped('README.md')).toContain(`(${folder}/)`)
  })

  test.each(FILES.filter((name) => name.endsWith('.yaml')))('%s is YAML', (name) => {
    for (const document of parseAllDocuments(shipped(name))) {
      expect(document.errors).toEqual([])
      expect(document.toJS()).toBeTypeOf('object')
    }
  })

  test('names no address of a registry or of another machine than those of examples', () => {
    for (const name of FILES) expect(shipped(name), name).not.toMatch(/npmjs|\/work\/|docker\.io/)
  })
})

describe('the configurations of proxies say what the door wants', () => {
  test.each(['nginx/forward-auth.conf', 'haproxy/onegate.lua', 'caddy/forward-auth.Caddyfile'])(
    '%s sets every identity field, and takes every credential away',
    (file) => {
      const text = shipped(file).toLowerCase()
      for (const name of [...IDENTITY, ...CREDENTIAL_FIELDS]) expect(text, name).toContain(name)
    },
  )

  test('Traefik', () => {
    const auth = 'http.middlewares.onegate.forwardAuth'
    expect(lower(at('traefik/dynamic.yaml', `${auth}.authResponseHeaders`)).sort()).toEqual(
      [...IDENTITY, ...CREDENTIAL_FIELDS].sort(),
    )
    const { pathname } = new URL(String(at('traefik/dynamic.yaml', `${auth}.address`)))
    expect(readDialect(pathname)?.dialect).toBe('traefik')
    expect(at('traefik/dynamic.yaml', `${auth}.trustForwardHeader`)).toBe(false)
    expect(at('traefik/traefik.yaml', 'entryPoints.web.http.underscoreHeadersStrategy')).toBe(
      'reject',
    )
  })

  test('Envoy', () => {
    const text = shipped('envoy/envoy.yaml')
    const prefix = /path_prefix: (\S+)/.exec(text)?.[1] ?? ''
    expect(readDialect(`${prefix}/a`)).toEqual({ dialect: 'envoy', rest: '/a' })
    for (const line of [
      'failure_mode_allow: false',
      'exact: x-auth-token',
      'exact: macaroon',
      "safe_regex: { regex: 'x[^a-z0-9]onedata.*' }",
      'exact: x-forwarded-for',
      'use_remote_address: true',
      'prefix: x-onedata- ',
    ]) {
      expect(text).toContain(line)
    }
    const grpc = shipped('envoy/grpc-filter.yaml')
    expect(grpc).toContain('failure_mode_allow: false')
    expect(grpc).toContain('http2_protocol_options')
  })

  test('Istio', () => {
    const [provider] = at('istio/mesh-config.yaml', 'extensionProviders') as {
      name: string
      envoyExtAuthzHttp: Record<string, unknown>
    }[]
    const http = provider?.envoyExtAuthzHttp ?? {}
    expect(readDialect(`${String(http['pathPrefix'])}/a`)?.dialect).toBe('envoy')
    expect(http['failOpen']).toBe(false)
    expect(lower(http['headersToUpstreamOnAllow']).sort()).toEqual([...IDENTITY].sort())
    expect(lower(http['includeRequestHeadersInCheck'])).toEqual(
      expect.arrayContaining([...IDENTITY, ...CREDENTIAL_FIELDS, 'x-forwarded-for']),
    )
    expect(lower(http['includeRequestHeadersInCheck'])).toEqual(
      expect.arrayContaining(['x_onedata*', 'x.onedata*']),
    )
    expect(at('istio/authorization-policy.yaml', 'spec.provider.name')).toBe(provider?.name)
  })

  test('ingress-nginx', () => {
    const annotations = at('ingress-nginx/ingress.yaml', 'metadata.annotations') as Record<
      string,
      string
    >
    const value = (name: string) => annotations[`nginx.ingress.kubernetes.io/${name}`] ?? ''
    expect(readDialect(new URL(value('auth-url')).pathname)?.dialect).toBe('nginx')
    expect(lower(value('auth-response-headers').split(',')).sort()).toEqual([...IDENTITY].sort())
    expect(value('auth-cache-key')).toBe('')
  })

  test('Gateway API', () => {
    const rules = at('gateway-api/http-route.yaml', 'spec.rules') as {
      filters: { externalAuth: { http: Record<string, unknown> } }[]
    }[]
    const http = rules[0]?.filters[0]?.externalAuth.http ?? {}
    expect(readDialect(`${String(http['path'])}/a`)?.dialect).toBe('envoy')
    expect(lower(http['allowedResponseHeaders']).sort()).toEqual([...IDENTITY].sort())
    expect(lower(http['allowedHeaders'])).toEqual(
      expect.arrayContaining([...IDENTITY, 'x-auth-token', 'macaroon', 'x-forwarded-for']),
    )
  })
})

describe.runIf(has('promtool'))('Prometheus', () => {
  test('takes the configuration and the rules, and each alert fires when it is to, and only then', async () => {
    const cwd = join(DEPLOY, 'prometheus')
    await run('promtool', ['check', 'config', 'prometheus.yaml'], { cwd })
    const { stdout } = await run('promtool', ['test', 'rules', 'alerts.test.yaml'], { cwd })
    expect(stdout).toContain('SUCCESS')
    const alerts = [...shipped('prometheus/alerts.yaml').matchAll(/alert: (\w+)/g)]
    for (const [, name = ''] of alerts) {
      const cases = shipped('prometheus/alerts.test.yaml').split(`alertname: ${name}\n`)
      expect(cases, name).toHaveLength(3)
      expect(cases[2]).toMatch(/^\s+exp_alerts: \[\]/)
    }
  })
})

test('every metric that a rule or the dashboard asks for is one that a gateway under load shows', async () => {
  const upstream = await startUpstream()
  const { ask, gateway, metrics, token } = await startForwardAuthRig(
    `listen: 127.0.0.1:0\nroutes: [{ path: '/**', upstream: '${upstream.url}' }]\n`,
  )
  const [path, fields] = describeRequest('nginx')
  await ask(path, [...fields, 'X-Auth-Token', token])
  await ask(path, fields)
  await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })
  const shown = await metrics()
  // Shown with TLS, and with workers.
  const elsewhere = new Set(['onegate_tls_certificate_expiry_seconds', 'onegate_workers'])
  const asking = ['prometheus/rules.yaml', 'prometheus/alerts.yaml', 'grafana/onegate.json']
  const names = new Set(
    asking.flatMap((file) =>
      [...shipped(file).matchAll(/onegate_[a-z0-9_]+/g)].map(([name]) => name),
    ),
  )
  expect(names.size).toBeGreaterThan(15)
  const missing = [...names].filter(
    (name) => !elsewhere.has(name) && !new RegExp(`^${name}(?:\\{| )`, 'm').test(shown),
  )
  expect(missing).toEqual([])
})

describe.runIf(has('systemd-analyze'))('systemd', () => {
  const unit = 'systemd/onegate.service'

  test('finds no fault in the unit', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-unit-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'onegate.service')
    writeFileSync(file, shipped(unit).replace('/opt/onegate/bin/onegate', '/bin/true'))
    const { stdout, stderr: complaints } = await run('systemd-analyze', ['verify', file])
    expect(stdout + complaints).not.toContain('onegate.service')
  })

  test('rates its exposure 1.5 or less', async () => {
    const { stdout } = await run('systemd-analyze', [
      'security',
      '--offline=true',
      '--threshold=15',
      join(DEPLOY, unit),
    ])
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]
    expect(Number(exposure)).toBeLessThanOrEqual(1.5)
  })
})

test('the dashboard has a query in every panel', () => {
  const { panels } = JSON.parse(readFileSync(join(DEPLOY, 'grafana/onegate.json'), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[]
  }
  expect(panels.length).toBeGreaterThan(10)
  for (const { title, targets } of panels) {
    expect(
      targets.every(({ expr }) => expr !== ''),
      title,
    ).toBe(true)
  }
})
