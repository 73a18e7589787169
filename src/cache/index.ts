export type { Flights } from './flights.ts'
export { createFlights } from './flights.ts'
export type { KeyField } from './verdict-keys.ts'
export { contextKey, digestOfKey, keyFieldsOf, keyPrefixOf, proofKey } from './verdict-keys.ts'
export type {
  ConsumerPart,
  ContextGrant,
  Proof,
  RememberedRefusal,
  VerdictMemory,
  VerdictMemoryOptions,
  VerdictStore,
} from './verdict-memory.ts'
export { createVerdictMemory } from './verdict-memory.ts'
