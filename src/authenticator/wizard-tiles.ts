import type { Caveat } from '../token/index.ts'
import type { RoutePolicy } from './route-policy.ts'
import type { RouteRules } from './route-rules.ts'
import { compileRouteRules } from './route-rules.ts'

/** A tile of the wizard in Onezone's GUI that makes access tokens, and the caveats that it puts on them. */
interface Tile {
  readonly name: string
  readonly caveats: readonly Caveat[]
}

/** As onezone-gui has them (`token-template-selector`); ids stand for any. */
const TILES: readonly Tile[] = [
  {
    name: 'Onezone REST',
    caveats: [
      { type: 'service', whitelist: ['ozw-onezone'] },
      { type: 'interface', interface: 'rest' },
    ],
  },
  {
    name: 'Oneprovider REST/CDMI',
    caveats: [
      { type: 'service', whitelist: ['opw-*'] },
      { type: 'interface', interface: 'rest' },
    ],
  },
  { name: 'Oneclient', caveats: [{ type: 'interface', interface: 'oneclient' }] },
  { name: 'Read only data', caveats: [{ type: 'data.readonly' }] },
  { name: 'Restricted data', caveats: [{ type: 'data.path', whitelist: ['L3NwYWNl'] }] },
  { name: 'Custom', caveats: [] },
]

/** A tile whose tokens a route takes none of, and why. */
export interface TileObjection {
  readonly tile: string
  readonly reason: string
}

/**
 * Finds the tiles of the wizard whose tokens do not pass at a route. Those that it leaves to Onezone may pass.
 *
 * @throws {TypeError} for a policy that makes no sense.
 */
export function tileObjections(
  policy: RoutePolicy,
  serviceTokenConfigured: boolean,
): readonly TileObjection[] {
  if (policy.token === 'none') return []
  if (policy.token !== 'access') {
    return [{ tile: 'all', reason: `they make access tokens, and it takes ${policy.token} tokens` }]
  }
  const rules = compileRouteRules(policy, { serviceTokenConfigured, statesScopes: false })
  return TILES.flatMap(({ name, caveats }) => {
    const reason = caveats.map((caveat) => reasonAgainst(caveat, rules)).find((each) => each !== '')
    return reason === undefined ? [] : [{ tile: name, reason }]
  })
}

function reasonAgainst(caveat: Caveat, rules: RouteRules): string {
  if (rules.treatmentOf(caveat) === 'refuse') {
    return `it refuses ${caveat.type ?? 'scope'} caveats`
  }
  if (caveat.type !== 'interface' || rules.interfaces.includes(caveat.interface)) return ''
  return `its interface is ${rules.interfaces.join(' or ') || 'none'}, not ${caveat.interface}`
}
