import { describe, expect, test } from 'vitest'
import {
  createAuthenticator,
  createClientResolver,
  createHeaderPolicy,
} from '../../src/authenticator/index.ts'
import { parseIdentityHeaderName } from '../../src/config/header-name.ts'
import { parseOnezoneUrl } from '../../src/config/service-url.ts'
import { parseTrustedProxy } from '../../src/config/trusted-proxy.ts'
import { compileRoutes } from '../../src/proxy/routes.ts'
import { createUpstreamPools } from '../../src/proxy/upstream-pools.ts'
import { parseRoutePath } from '../../src/config/route-path.ts'
import type { Verifier } from '../../src/verifier/index.ts'
import { createOnezoneClient, type OnezoneClient } from '../../src/onezone/index.ts'

const NEVER_ASKED: Verifier = {
  verify: () => expect.unreachable(),
  close: () => Promise.resolve(),
}

function isAccepted(judge: () => unknown): boolean {
  try {
    judge()
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return false
  }
}

// What `onegate check` lets pass must not fail when the gateway starts.
describe('configuration and gateway accept the same', () => {
  test.each([
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.1/32',
    '10.0.0.0/08',
    'fd00::/8',
    '::1',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '010.0.0.1',
    '10.1',
    'fe80::1%eth0',
    'proxy.example.org',
    '',
    '::ffff:10.0.0.0/104',
    '0:0:0:0:0:ffff:10.0.0.0/104',
  ])('trusted proxy %j', (entry) => {
    const accepted = isAccepted(() => parseTrustedProxy(entry))
    expect(accepted).toBe(isAccepted(() => createClientResolver([entry])))
  })

  test.each([
    'X-Forwarded-User',
    'Remote-User',
    'X-Onedata-Subject-Id',
    'X Y',
    '',
    'Ü',
    'Host',
    'hOsT',
    'Content-Type',
    'Cookie',
    'Proxy-Foo',
    'X-Auth-Token',
    'X_Auth_Token',
    'Authorization',
    'X-Onedata-Consumer-Token',
    'Forwarded',
    'Transfer-Encoding',
  ])('header name %j', (subjectId) => {
    const accepted = isAccepted(() => parseIdentityHeaderName(subjectId))
    expect(accepted).toBe(isAccepted(() => createHeaderPolicy({ names: { subjectId } })))
  })

  test.each([
    '/',
    '/**',
    '/a',
    '/a/',
    '/a/**',
    '/a/b.c/~d/**',
    '/a@b-c/_d',
    '',
    'a',
    '/*',
    '/a**',
    '/**/a',
    '//',
    '/a//b',
    '/a//**',
    '/a/../b',
    '/.',
    '/a%2Fb',
    '/a;b',
    '/a b',
    '/ä',
  ])('path of a route %j', async (path) => {
    const authenticator = createAuthenticator({ verifier: NEVER_ASKED }).route({
      id: 'r',
      token: 'none',
    })
    const route = { id: 'r', path, upstream: 'http://u', authenticator }
    const pools = createUpstreamPools()
    expect(isAccepted(() => compileRoutes([route], pools.dispatcherFor))).toBe(
      isAccepted(() => parseRoutePath(path)),
    )
    await pools.close()
  })

  test.each([
    'https://onezone.example.org',
    'https://onezone.example.org:8443/',
    'http://127.0.0.1:9443',
    'http://[::1]:9443',
    'http://zone.localhost',
    'https://u:p@h',
    'https://h/path',
    'https://h?q',
    'https://h#',
    'ftp://h',
    'h:443',
    '',
  ])('URL of Onezone %j', async (url) => {
    const accepted = isAccepted(() => parseOnezoneUrl(url))
    const clients: OnezoneClient[] = []
    expect(isAccepted(() => clients.push(createOnezoneClient({ url })))).toBe(accepted)
    await clients[0]?.close()
  })
})
