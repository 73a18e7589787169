import { Refusal, refusals } from './answers.ts'
import { booleanField, objectBody, readFields, required } from './fields.ts'
import { isOzPrivileged } from './permissions.ts'
import { OZ_PRIVILEGES } from './privileges.ts'
import type { ApiRequest, Route } from './route.ts'
import { API_PREFIX, publicRoute, routeOf } from './route.ts'

/** What the zone says about itself and its users (Onezone API, §10). */
export const ZONE_ROUTES: readonly Route[] = [
  publicRoute({
    operation: 'getCurrentTime',
    method: 'GET',
    path: `${API_PREFIX}/provider/public/get_current_time`,
    gri: { type: 'provider', id: null, aspect: 'current_time' },
    answer: ({ state }) => ({ status: 200, body: { timeMillis: state.nowMs() } }),
  }),
  publicRoute({
    operation: 'checkMyIp',
    method: 'GET',
    path: `${API_PREFIX}/provider/public/check_my_ip`,
    gri: { type: 'provider', id: null, aspect: 'check_my_ip' },
    answer: ({ peerAddress }) => ({ status: 200, body: peerAddress }),
  }),
  publicRoute({
    operation: 'getHealth',
    method: 'GET',
    path: `${API_PREFIX}/health`,
    gri: { type: 'oz_worker', id: null, aspect: 'health' },
    answer: () => ({ status: 200, body: { status: 'healthy' } }),
  }),
  // The path without prefix is the one that old clients know.
  ...[`${API_PREFIX}/configuration`, '/configuration'].map((path) =>
    publicRoute({
      operation: 'getConfiguration',
      method: 'GET',
      path,
      gri: { type: 'oz_worker', id: null, aspect: 'configuration' },
      answer: ({ state }: ApiRequest) => ({
        status: 200,
        body: configurationOf(state.onezoneDomain),
      }),
    }),
  ),
  {
    operation: 'getNagios',
    method: 'GET',
    path: '/nagios',
    reply: (state) => ({
      status: 200,
      headers: { 'Content-Type': 'application/xml' },
      text: healthReport(state.nowMs()),
    }),
  },
  publicRoute({
    operation: 'listPrivileges',
    method: 'GET',
    path: `${API_PREFIX}/privileges`,
    gri: { type: 'oz_worker', id: null, aspect: 'privileges' },
    answer: () => ({ status: 200, body: OZ_PRIVILEGES }),
  }),
  routeOf({
    operation: 'setUserAccessBlock',
    method: 'PATCH',
    path: `${API_PREFIX}/users/{id}/access_block`,
    about: ({ state, params }) => state.user(params['id'] ?? '') ?? refusals.notFound(),
    gri: ({ id }) => ({ type: 'user', id, aspect: 'access_block' }),
    permits: (_, { state, caller }) => isOzPrivileged(state, caller.subject, 'oz_users_update'),
    answer: ({ id }, { state, body }) => {
      const object = objectBody(body)
      const fields =
        object instanceof Refusal ? object : readFields(object, { blocked: required(booleanField) })
      if (fields instanceof Refusal) return fields
      state.setUserBlocked(id, fields.blocked)
      return { status: 204 }
    },
  }),
]

function healthReport(nowMs: number): string {
  const [day = '', time = ''] = new Date(nowMs).toISOString().split(/[T.]/)
  const date = `${day.replaceAll('-', '/')} ${time}`
  const worker = '<oz_worker name="oz_worker@127.0.0.1" status="ok"></oz_worker>'
  return `<?xml version="1.0"?><healthdata date="${date}" status="ok">${worker}</healthdata>`
}

function configurationOf(domain: string): Record<string, unknown> {
  return {
    name: null,
    version: '21.02.7',
    build: 'development',
    domain,
    subdomainDelegationSupported: false,
    supportedIdPs: [],
    compatibilityRegistryRevision: 'unknown',
    compatibleOneproviderVersions: 'unknown',
    openDataXrootdServerDomain: null,
    bagitUploaderWorkflowSchemaId: null,
    availableSpaceTags: {},
  }
}
