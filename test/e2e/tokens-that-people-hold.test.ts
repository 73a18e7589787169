import { expect, onTestFinished, test } from 'vitest'

import type { RoutePolicy } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import { createVerification } from '../../src/index.ts'
import type { CaveatInput } from '../../src/token/index.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { jwtOf } from '../helpers/provider-tokens.ts'

const JWT = jwtOf({ azp: 'portal-1', exp: 4_000_000_000 })
const SPACE = Buffer.from('/space1').toString('base64')
const REST: CaveatInput = { type: 'interface', interface: 'rest' }

/** What the wizard of Onezone's GUI puts on tokens, tile by tile. */
const TILES: readonly (readonly [tile: string, caveats: readonly CaveatInput[]])[] = [
  ['Custom', []],
  ['Custom, interface rest', [REST]],
  ['Onezone REST', [{ type: 'service', whitelist: ['ozw-onezone'] }, REST]],
  ['Oneprovider REST/CDMI', [{ type: 'service', whitelist: ['opw-*'] }, REST]],
  ['Oneclient', [{ type: 'interface', interface: 'oneclient' }]],
  ['Read only data', [{ type: 'data.readonly' }]],
  [
    'Read only data for user',
    [{ type: 'data.readonly' }, { type: 'consumer', whitelist: ['usr-bob'] }],
  ],
  ['Restricted data', [{ type: 'data.path', whitelist: [SPACE] }]],
]

const data = { from: '/files/:space/**', path: '/:space/**' }
const ROUTES: readonly (readonly [column: string, policy: Partial<RoutePolicy>])[] = [
  ['default', {}],
  ['data: enforce', { caveats: { data: 'enforce' }, data }],
  ['service token', {}],
  ['[rest, oneclient]', { interface: ['rest', 'oneclient'] }],
  ['identity providers', { identityProviderTokens: true }],
]

/** `+` where the answer has a link to the form of a token that passes. */
const TABLE = `
credential              | default                      | data: enforce                | service token                | [rest, oneclient]            | identity providers
Custom                  | 200                          | 200                          | 200                          | 200                          | 200
Custom, interface rest  | 200                          | 200                          | 200                          | 200                          | 200
Onezone REST            | 403 caveat_not_enforced +    | 403 caveat_not_enforced +    | 401 caveat_unverified        | 403 caveat_not_enforced +    | 403 caveat_not_enforced +
Oneprovider REST/CDMI   | 403 caveat_not_enforced +    | 403 caveat_not_enforced +    | 200                          | 403 caveat_not_enforced +    | 403 caveat_not_enforced +
Oneclient               | 401 caveat_unverified +      | 401 caveat_unverified +      | 401 caveat_unverified +      | 200                          | 401 caveat_unverified +
Read only data          | 403 caveat_not_enforced +    | 200                          | 403 caveat_not_enforced +    | 403 caveat_not_enforced +    | 403 caveat_not_enforced +
Read only data for user | 403 caveat_not_enforced +    | 401 caveat_unverified        | 403 caveat_not_enforced +    | 403 caveat_not_enforced +    | 403 caveat_not_enforced +
Restricted data         | 403 caveat_not_enforced +    | 200                          | 403 caveat_not_enforced +    | 403 caveat_not_enforced +    | 403 caveat_not_enforced +
Identity                | 401 token_type_mismatch +    | 401 token_type_mismatch +    | 401 token_type_mismatch +    | 401 token_type_mismatch +    | 401 token_type_mismatch +
X-Auth-Token: egi:eyJ…  | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 200
Bearer egi:eyJ…         | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 200
Bearer eyJ…             | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 401 idp_token_not_accepted + | 200
none                    | 401 credentials_missing +    | 401 credentials_missing +    | 401 credentials_missing +    | 401 credentials_missing +    | 401 credentials_missing +
`

test('each tile and credential against each kind of route', async () => {
  const onezone = await startOnezone({
    world: {
      users: { alice: {}, bob: {} },
      providers: { krakow: { effectiveUsers: ['alice'] } },
      identityProviders: [{ id: 'egi', users: { [JWT]: 'alice' } }],
    },
  })
  const serviceToken = `opw-${onezone.createTemporaryToken({
    subject: { type: 'oneprovider', id: 'krakow' },
    type: { identityToken: {} },
  })}`
  const routes = ROUTES.map(([column, policy]) => {
    const verification = createVerification({
      onezone: { url: onezone.url, connectTimeoutMs: 10_000, totalTimeoutMs: 10_000 },
      serviceToken: column === 'service token' ? serviceToken : undefined,
      identityProviders: [{ prefix: 'egi:', clients: ['portal-1'], bare: true }],
    })
    onTestFinished(() => verification.close())
    const { verifier, traits, identityProviders } = verification
    const guiUrl = 'https://onezone.example.org'
    return createAuthenticator({ ...traits, verifier, identityProviders, guiUrl }).route({
      id: 'r',
      token: 'access',
      ...policy,
    })
  })
  const credentials: (readonly [string, readonly string[]])[] = [
    ...TILES.map(([tile, caveats]) => {
      const token = onezone.createTemporaryToken({ subject: ALICE, caveats })
      return [tile, ['X-Auth-Token', token]] as const
    }),
    [
      'Identity',
      [
        'X-Auth-Token',
        onezone.createTemporaryToken({ subject: ALICE, type: { identityToken: {} } }),
      ],
    ],
    ['X-Auth-Token: egi:eyJ…', ['X-Auth-Token', `egi:${JWT}`]],
    ['Bearer egi:eyJ…', ['Authorization', `Bearer egi:${JWT}`]],
    ['Bearer eyJ…', ['Authorization', `Bearer ${JWT}`]],
    ['none', []],
  ]

  const rows: string[][] = [['credential', ...ROUTES.map(([column]) => column)]]
  for (const [name, rawHeaders] of credentials) {
    const row = [name]
    for (const route of routes) {
      const decision = await route.authenticate({
        rawHeaders,
        remoteAddress: '192.0.2.1',
        secure: true,
        method: 'GET',
        path: '/files/space1/a',
      })
      if (decision.outcome === 'granted') row.push('200')
      else {
        const { status, code, body } = decision.answer
        row.push(`${status} ${code}${body.includes('"tokenForm"') ? ' +' : ''}`)
      }
    }
    rows.push(row)
  }
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(' | ')
      .trimEnd(),
  )
  expect(`\n${lines.join('\n')}\n`).toBe(TABLE)
})
