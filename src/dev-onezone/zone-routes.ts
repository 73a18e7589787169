import type { ApiRequest, Route } from './route.ts'
import { API_PREFIX } from './route.ts'

/** What the zone says about itself (Onezone API, §10). */
export const ZONE_ROUTES: readonly Route[] = [
  {
    operation: 'getCurrentTime',
    method: 'GET',
    path: `${API_PREFIX}/provider/public/get_current_time`,
    answer: ({ state }) => ({ status: 200, body: { timeMillis: state.nowMs() } }),
  },
  {
    operation: 'getHealth',
    method: 'GET',
    path: `${API_PREFIX}/health`,
    answer: () => ({ status: 200, body: { status: 'healthy' } }),
  },
  // The path without prefix is the one that old clients know.
  ...[`${API_PREFIX}/configuration`, '/configuration'].map((path) => ({
    operation: 'getConfiguration' as const,
    method: 'GET' as const,
    path,
    answer: ({ state }: ApiRequest) => ({
      status: 200,
      body: configurationOf(state.onezoneDomain),
    }),
  })),
]

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
