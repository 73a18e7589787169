/** Whether the package is there with which a store is spoken to; nothing of it is loaded. */
export function hasStoreClient(): boolean {
  try {
    import.meta.resolve('ioredis')
    return true
  } catch {
    return false
  }
}
