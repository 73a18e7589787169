import { parseConfig } from '../../src/config/config-file.ts'
import { crossCheck } from '../../src/config/cross-checks.ts'
import type { SettingPath } from '../../src/config/problems.ts'
import { formatPath } from '../../src/config/problems.ts'
import { configSchema } from '../../src/config/schema.ts'
import { isJsonObject } from '../../src/json.ts'
import { expectThat } from './expect-that.ts'
import type { Target } from './target.ts'

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
    const parsed = configSchema.safeParse(file.value)
    const paths = parsed.success ? [] : parsed.error.issues.map(({ path }) => path as SettingPath)
    if (isJsonObject(file.value)) paths.push(...crossCheck(file.value).map(({ path }) => path))
    for (const path of paths) {
      const { line, column } = file.positionOf(path)
      expectThat(line >= 1 && column >= 1, 'a place that is none')
      formatPath(path)
    }
    expectThat(({} as { polluted?: unknown }).polluted === undefined, 'a prototype was changed')
    if (paths.length === 0) return 'good'
    return `wrong: ${
      paths.length > 3
        ? 'much'
        : formatPath(paths[0] ?? [])
            .replace(/\[\d+\].*|[^A-Za-z.].*/g, '')
            .slice(0, 30)
    }`
  },
}
