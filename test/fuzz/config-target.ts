import { parseConfig } from '../../src/config/config-file.ts'
import { crossCheck } from '../../src/config/cross-checks.ts'
import type { SettingPath } from '../../src/config/problems.ts'
import { formatPath } from '../../src/config/problems.ts'
import { configSchema } from '../../src/config/schema.ts'
import { isJsonObject } from '../../src/json.ts'
import { expectThat } from './expect-that.ts'
import type { Target } from './target.ts'

/** Where something is wrong with what a configuration says. */
export function judge(value: unknown): SettingPath[] {
  const parsed = configSchema.safeParse(value)
  const paths = parsed.success ? [] : parsed.error.issues.map(({ path }) => path as SettingPath)
  if (isJsonObject(value)) paths.push(...crossCheck(value).map(({ path }) => path))
  return paths
}

/** What became of a configuration in which there are these. */
export function outcomeOf(paths: readonly SettingPath[]): string {
  if (paths.length === 0) return 'good'
  if (paths.length > 3) return 'wrong: much'
  const setting = formatPath(paths[0] ?? []).replace(/\[\d+\].*|[^A-Za-z.].*/g, '')
  return `wrong: ${setting.slice(0, 30)}`
}

/** Texts of configuration files: read, judged, and each finding put in its place. */
export const configTarget: Target = {
  name: 'configuration',
  corpus: [
    'listen: 127.0.0.1:0\nonezone: { url: https://onezone.test }\nupstream: http://127.0.0.1:3000\n',
    `onezone:
  url: https://onezone.test
trustedProxies: [10.0.0.0/8]
routes:
  - { id: pub, path: /pub/**, token: none, upstream: http://127.0.0.1:3000 }
  - path: /users/:id/**
    hosts: ['*.example.org']
    methods: [GET, PUT]
    subjects: { ids: [bob] }
    upstream: { urls: [http://a:1, http://b:2], retries: 1, healthCheck: { path: /h } }
verdicts: { maxStalenessMs: 10000, budget: { perAddressPerSecond: 5 } }
`,
    '{"onezone":{"url":"https://o.test"},"tls":{"certFile":"a","keyFile":"b"},"upstream":"https://u.test/base"}',
    'base: &base { upstream: http://127.0.0.1:1 }\nonezone: { url: https://o.test }\nroutes:\n  - { path: /a, <<: *base }\n',
    'verifier: { type: token-lookup, url: https://l.test, apiTokenFile: f }\nworkers: auto\nlimits: { requestFields: 50 }\nupstream: unix:///run/a.sock\n',
    'forwardAuth: { listen: 127.0.0.1:0, clientAddress: required }\nassertion: { issuer: https://gw.test }\nonezone: { url: https://o.test }\nroutes:\n  - path: /**\n',
    `listen: [127.0.0.1:0, '[::]:8443']
proxyProtocol: true
trustedProxies: [10.0.0.0/8]
tls: { certFile: a, keyFile: b, certificates: [{ certFile: c, keyFile: d }], clientCaFile: e, clientAuth: request }
onezone: { url: https://o.test, watchTokenFile: w, identityProviders: [{ prefix: 'egi:', clients: [portal-1], bare: true }] }
store: { url: rediss://s.test:6379/0, secretFile: s, usernameFile: u, passwordFile: p, caFile: c, prefix: og }
accessLog: { to: /var/log/a, only: errors, sample: 0.5 }
assertion: { issuer: https://gw.test, keyFiles: [k], lifeMs: 10000, jwksPath: /jwks }
routes:
  - path: /s/:space/**
    identityProviderTokens: true
    caveats: { data: enforce }
    data: { path: '/:space/**', spaces: { climate: 6de387c0a1b2 }, reads: [PROPFIND], query: [download] }
    upstream: http://127.0.0.1:3000
  - path: /f/**
    assertion: { audience: app }
    forwardToken: { confine: [{ type: time, lifeMs: 600000 }, { type: data.readonly }], forwardAs: Authorization }
    headers: { subjectId: X-User }
    upstreamHeaders: { X-Api-Version: '2', X-Secret: { file: f } }
    cors: { origins: [https://a.test], credentials: true, maxAgeSeconds: 600 }
    timeouts: { connectMs: 1000, headMs: 5000 }
    upstream: { urls: [https://u.test], host: client, ejection: { failures: 3 }, tls: { caFile: c, serverName: u.test, certFile: a, keyFile: b } }
  - { path: /i, token: invite, inviteType: userJoinGroup, websocket: false, upstream: unix:///run/a.sock }
`,
    'store: { sentinels: [rediss://a:1, rediss://b:1], sentinelName: m, secretFile: s }\ntrustedProxies: [10.0.0.0/8]\nonezone: { url: https://o.test }\nforwardAuth: { listen: unix:/run/f.sock, grpcListen: 127.0.0.1:0, introspection: { clients: [{ id: a, secretFile: s }] } }\nroutes:\n  - { path: /a }\n  - { path: /a/b, optional: true }\n',
  ],
  words: [
    'routes:\n',
    '  - path: ',
    '/**',
    '/:id/',
    'upstream: ',
    'http://',
    'unix://',
    'https://[::1]:99999/',
    'onezone: ',
    '&a ',
    '*a',
    '<<: *a',
    '!!binary ',
    '? ',
    '|\n',
    '- ',
    '---\n',
    '"\\x00"',
    '.inf',
    '1e999',
    '0x10',
    '30s',
    '${NAME}',
    '[]',
    '{}',
    'null',
    'true',
    'token: none',
    'credentials: [',
    'stripPrefix: /',
    'cors: { origins: ["*"] }',
    'forwardToken: { confine: [{ type: time }] }',
    '__proto__: 1\n',
    'constructor: { prototype: 1 }\n',
  ],
  run(text) {
    const file = parseConfig(text)
    if (file.faults.length > 0)
      return `no YAML: ${(file.faults[0]?.message ?? '').replace(/["*&].*|\d+/g, '…').slice(0, 50)}`
    const paths = judge(file.value)
    for (const path of paths) {
      const { line, column } = file.positionOf(path)
      expectThat(line >= 1 && column >= 1, 'a place that is none')
      formatPath(path)
    }
    expectThat(({} as { polluted?: unknown }).polluted === undefined, 'a prototype was changed')
    return outcomeOf(paths)
  },
}
