export type { RefusalLine, ReloadState, State } from './state.ts'
export type { GatewayFacts, StateKeeper, StateKeeperOptions } from './state-keeper.ts'
export { keepState } from './state-keeper.ts'
