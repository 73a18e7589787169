export type { CacheOptions, CachingVerifier, VerdictStore } from './caching-verifier.ts'
export { withCache } from './caching-verifier.ts'
