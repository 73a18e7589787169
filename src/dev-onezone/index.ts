/**
 * The embedded development Onezone: issues and verifies real tokens for a world that you make up. Not for production.
 *
 * @module
 */

export type { CallCounts } from './calls.ts'
export { createDevOnezone } from './dev-onezone.ts'
export type { DevOnezone, DevOnezoneOptions } from './dev-onezone.ts'
export type { DirectMethods, NewNamedToken, NewTemporaryToken } from './direct-methods.ts'
export type { Fault, FaultRule, FaultScope } from './faults.ts'
export type { NamedToken } from './issuing.ts'
export { OPERATIONS } from './operations.ts'
export type { Operation } from './operations.ts'
export { DEMO_WORLD } from './world.ts'
export type {
  GeoRecord,
  World,
  WorldChange,
  WorldEntity,
  WorldGeoRow,
  WorldIdentityProvider,
  WorldNamedToken,
  WorldOnezone,
  WorldPrivileges,
  WorldProvider,
  WorldSpace,
  WorldStorage,
  WorldTemporaryTokenSecret,
  WorldUser,
} from './world.ts'
export { validateWorld } from './world-validation.ts'
