/**
 * Traefik and Envoy are not run here: their questions are shaped as their source says (forward auth of Traefik with
 * `trustForwardHeader: false`, HTTP service of Envoy's ext_authz), by the files in `deploy/`.
 */

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import type { Asked } from '../helpers/forward-auth-rig.ts'
import { startForwardAuthRig } from '../helpers/forward-auth-rig.ts'
import { shipped } from '../helpers/front-proxy.ts'
import { mint } from '../helpers/tokens.ts'

type Fields = readonly (readonly [name: string, value: string])[]

interface ClientRequest {
  readonly method?: string
  readonly target?: string
  readonly fields?: Fields
}

/** What becomes of a request: its answer, or what the upstream sees of it. */
interface Outcome {
  readonly status: number
  readonly code: string | null
  readonly headers: Asked['headers']
  readonly seen: Fields | null
}

interface ShapedProxy {
  /** Null: refused before anything is asked. */
  ask(request: Required<ClientRequest>): readonly [path: string, method: string, Fields] | null
  pass(fields: Fields, answer: Asked): Fields
  refuse(answer: Asked): Asked
}

const HOP_BY_HOP = /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/i
const valueOf = (fields: Fields, name: string) =>
  fields.find(([known]) => known.toLowerCase() === name)?.[1] ?? null
const textOf = (value: string | string[] | undefined) => [value ?? ''].flat().join(', ')

/** Without what is for one hop, and what `Connection` names. */
function endToEnd(fields: Fields): Fields {
  const named = fields
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((name) => name.trim().toLowerCase()))
  return fields.filter(([name]) => !HOP_BY_HOP.test(name) && !named.includes(name.toLowerCase()))
}

const traefikFields = (
  parse(shipped('traefik/dynamic.yaml')) as {
    http: { middlewares: { onegate: { forwardAuth: { authResponseHeaders: string[] } } } }
  }
).http.middlewares.onegate.forwardAuth.authResponseHeaders.map((name) => name.toLowerCase())

const TRAEFIK: ShapedProxy = {
  ask({ method, target, fields }) {
    // underscoreHeadersStrategy: reject
    if (fields.some(([name]) => name.includes('_'))) return null
    const passing = endToEnd(fields).filter(([name]) => !/^x-(?:forwarded-|real-ip$)/i.test(name))
    const said: Fields = [
      ['X-Forwarded-Method', method],
      ['X-Forwarded-Proto', valueOf(fields, 'upgrade') === 'websocket' ? 'ws' : 'http'],
      ['X-Forwarded-Host', 'api.example.org'],
      ['X-Forwarded-Uri', target],
      ['X-Forwarded-For', '192.0.2.7'],
    ]
    return ['/auth/traefik', 'GET', [['Host', 'onegate:8181'], ...passing, ...said]]
  },
  pass: (fields, { headers }) => [
    ...endToEnd(fields).filter(([name]) => !traefikFields.includes(name.toLowerCase())),
    ...traefikFields
      .filter((name) => headers[name] !== undefined)
      .map((name): [string, string] => [name, textOf(headers[name])]),
  ],
  refuse: (answer) => answer,
}

const envoyAllowed = [
  ...shipped('envoy/envoy.yaml').matchAll(
    /^ {26}- (?:safe_regex: \{ regex: '(.+)' \}|exact: (\S+))$/gm,
  ),
].map(([, regex, exact = '']) => new RegExp(`^(?:${regex ?? exact})$`))

const ENVOY: ShapedProxy = {
  ask({ method, target, fields }) {
    // headers_with_underscores_action: REJECT_REQUEST
    if (fields.some(([name]) => name.includes('_'))) return null
    const allowed = endToEnd(fields).filter(([name]) => {
      const known = name.toLowerCase()
      return known === 'authorization' || envoyAllowed.some((pattern) => pattern.test(known))
    })
    // use_remote_address: what came is kept, and the address of the socket comes last.
    const before = allowed.filter(([name]) => name.toLowerCase() === 'x-forwarded-for')
    const others = allowed.filter(([name]) => !/^x-forwarded-(?:for|proto)$/i.test(name))
    const hops = [...before.map(([, value]) => value), '192.0.2.7'].join(',')
    const said: Fields = [
      ['Host', 'api.example.org'],
      ['Content-Length', '0'],
      ['X-Forwarded-For', hops],
      ['X-Forwarded-Proto', 'http'],
    ]
    return [`/auth/envoy${target}`, method, [...said, ...others]]
  },
  pass(fields, { headers }) {
    const stated = Object.entries(headers).filter(([name]) => name.startsWith('x-onedata-'))
    const overwritten = new Set(stated.map(([name]) => name))
    const removed = textOf(headers['x-envoy-auth-headers-to-remove']).split(',')
    return [
      ...endToEnd(fields).filter(([name]) => !overwritten.has(name.toLowerCase())),
      ...stated.map(([name, value]): [string, string] => [name, textOf(value)]),
    ].filter(([name]) => !removed.includes(name.toLowerCase()))
  },
  refuse: (answer) =>
    answer.status < 500 ? answer : { status: 503, code: null, headers: {}, body: '' },
}

describe.each([
  ['traefik', TRAEFIK],
  ['envoy', ENVOY],
] as const)('as %s asks', (name, proxy) => {
  async function setUp(more = '') {
    const rig = await startForwardAuthRig(undefined, { more })
    async function send(given: ClientRequest = {}): Promise<Outcome> {
      const asked = { method: 'GET', target: '/a', fields: [], ...given }
      const question = proxy.ask(asked)
      if (question === null) return { status: 400, code: null, headers: {}, seen: null }
      const [path, method, fields] = question
      const answer = await rig.ask(path, fields.flat(), method)
      if (answer.status !== 200) return { ...proxy.refuse(answer), seen: null }
      const { status, code, headers } = answer
      return { status, code, headers, seen: proxy.pass(asked.fields, answer) }
    }
    const good = ['X-Auth-Token', rig.token] as const
    return { ...rig, send, good }
  }
  const identityOf = ({ seen }: Outcome) => valueOf(seen ?? [], 'x-onedata-subject-id')

  test('F-01, F-12: the identity once, no credential, and none of it on a public route', async () => {
    const { send, good, token } = await setUp()
    for (const fields of [[good], [['Authorization', `Bearer ${token}`]]] as const) {
      for (const method of ['GET', 'POST', 'HEAD']) {
        const outcome = await send({ method, fields })
        expect(outcome.status).toBe(200)
        expect(outcome.seen?.filter(([each]) => each === 'x-onedata-subject-id')).toHaveLength(1)
        expect(identityOf(outcome)).toBe('alice')
        expect(JSON.stringify(outcome.seen)).not.toContain(token)
      }
    }
    expect(identityOf(await send({ target: '/pub/a' }))).toBe('')
  })

  test('F-02 to F-04, F-07, F-20, F-21: refused with the true status, challenge and problem', async () => {
    const { send, good, token, onezone } = await setUp()
    const refused = async (given: ClientRequest) => {
      const { status, code, headers } = await send(given)
      return [status, code, headers['www-authenticate'] === undefined ? 0 : 1]
    }
    expect(await refused({ method: 'OPTIONS' })).toEqual([401, 'credentials_missing', 1])
    expect(await refused({})).toEqual([401, 'credentials_missing', 1])
    expect(await refused({ fields: [['X-Auth-Token', 'bad']] })).toEqual([
      401,
      'token_malformed',
      1,
    ])
    const readonly = onezone.createTemporaryToken({
      subject: { type: 'user', id: 'alice' },
      caveats: [{ type: 'data.readonly' }],
    })
    const [status, code] = await refused({ fields: [['X-Auth-Token', readonly]] })
    expect([status, code]).toEqual([403, 'caveat_not_enforced'])
    const bearer = ['Authorization', `Bearer ${token}`] as const
    expect((await refused({ fields: [good, bearer, ['Macaroon', 'x']] }))[0]).toBe(400)
    expect((await refused({ fields: [bearer, bearer] }))[0]).toBe(400)
    expect((await refused({ fields: [good], target: '/a%2Fb/..;/%70ub' }))[0]).toBe(400)
  })

  test('F-05, F-06, F-23: 503 where nobody can say, 429 with Retry-After', async () => {
    const { send, good, onezone } = await setUp(
      'verdicts: { budget: { perAddressPerSecond: 1 } }\n',
    )
    onezone.setFaults([{ operation: 'verifyAccessToken', kind: 'status', status: 503 }])
    const down = await send({ fields: [good] })
    expect(down.status).toBe(503)
    // Envoy makes an error of it, and only gRPC keeps what we say.
    expect(down.code).toBe(name === 'envoy' ? null : 'verifier_unavailable')
    onezone.setFaults([])
    let spent = down
    for (let i = 0; i < 40 && spent.status !== 429; i++) {
      spent = await send({ fields: [['X-Auth-Token', mint({ id: `t${i}` })]] })
    }
    expect([spent.status, spent.code]).toEqual([429, 'verification_budget_exceeded'])
    expect(textOf(spent.headers['retry-after'])).toMatch(/^\d+$/)
  })

  test('F-08 to F-11, F-13: what is forged is refused, or does not arrive', async () => {
    const { send, good } = await setUp()
    for (const forged of [
      'X-Onedata-Subject-Id',
      'X_Onedata_Subject_Id',
      'X.Onedata.Subject.Id',
      'X-Onedata-Scopes',
    ]) {
      for (const [fields, target] of [
        [[good], '/a'],
        [[], '/pub/a'],
      ] as const) {
        const { status, seen } = await send({ target, fields: [...fields, [forged, 'root']] })
        expect([status, seen], forged).toEqual([400, null])
      }
    }
  })

  test('F-14 to F-16, F-18, F-19: target, method and address are those that the proxy saw', async () => {
    const { send, good, onezone } = await setUp()
    const claims = ['X-Forwarded-Uri', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL'].map(
      (each): [string, string] => [each, '/pub/a'],
    )
    const named: [string, string] = ['Connection', 'X-Forwarded-Uri, X-Original-URL']
    const method: [string, string] = ['X-Forwarded-Method', 'DELETE']
    for (const fields of [claims, [...claims, named], [...claims, method]]) {
      expect((await send({ fields })).status).toBe(401)
      expect((await send({ fields, target: '/a?dialect=caddy&uri=/pub/a' })).status).toBe(401)
    }
    expect((await send({ fields: [good, method], target: '/readers/a' })).status).toBe(200)
    const from = (whitelist: string): [string, string] => [
      'X-Auth-Token',
      onezone.createTemporaryToken({
        subject: { type: 'user', id: 'alice' },
        caveats: [{ type: 'ip', whitelist: [whitelist] }],
      }),
    ]
    const claimed = ['X-Forwarded-For', 'X-Real-IP'].map((each): [string, string] => [
      each,
      '6.6.6.6',
    ])
    expect((await send({ fields: [from('6.6.6.6/32'), ...claimed] })).status).toBe(401)
    expect((await send({ fields: [from('192.0.2.7/32'), ...claimed] })).status).toBe(200)
  })

  test('F-17: no Connection field takes the identity away; F-22: a WebSocket is asked about', async () => {
    const { send, good } = await setUp()
    for (const value of ['close', 'X-Onedata-Subject-Id', 'Upgrade, X-Onedata-Subject-Id, close']) {
      const outcome = await send({ fields: [good, ['Connection', value]] })
      expect(outcome.status).toBe(200)
      expect(identityOf(outcome)).toBe('alice')
    }
    const upgrade: Fields = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ]
    expect((await send({ fields: upgrade })).status).toBe(401)
    expect(identityOf(await send({ fields: [good, ...upgrade] }))).toBe('alice')
  })

  test('F-24: a token of 9 KB is looked at', async () => {
    const { send } = await setUp()
    const { status, code } = await send({ fields: [['X-Auth-Token', 'A'.repeat(9_000)]] })
    expect(status).toBe(401)
    expect(code).toMatch(/token_(?:malformed|too_large)/)
  })
})
