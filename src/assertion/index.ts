/**
 * The decision as a signed JWT, and the keys by which an upstream checks it without asking anybody.
 *
 * @module
 */

export type {
  Assert,
  AssertedIdentity,
  AssertionOptions,
  Assertions,
  SignedAssertion,
} from './assertions.ts'
export { ASSERTION_DEFAULTS, ASSERTION_RANGES, createAssertions } from './assertions.ts'
export { KEY_SET_FIELDS, KEY_SET_PATH } from './key-set.ts'
export type { SigningAlgorithm, SigningKey } from './signing-key.ts'
export { keyOfThisProcess, readSigningKey } from './signing-key.ts'
