/** Whether `Cache-Control` says that an answer may not be stored. */
export const NO_STORE: RegExp = /(?:^|[\s,])no-store(?:$|[\s,])/i

/**
 * Says on what an answer depends (RFC 9110 §12.5.5), unless it may not be stored anyway. Caches are kept from serving
 * one client's answer to another only where the token came in `Authorization` (RFC 9111 §3.5).
 *
 * @param fields Name, value, name, value …
 * @param names Names of fields, as a list.
 */
export function varyUnlessUnstored(fields: string[], names: string): void {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (name.length !== 13 || name.toLowerCase() !== 'cache-control') continue
    if (NO_STORE.test(fields[i + 1] ?? '')) return
  }
  addVary(fields, names)
}

/** Says on what an answer depends, beside what it says of that itself. */
export function addVary(fields: string[], names: string): void {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (name.length !== 4 || name.toLowerCase() !== 'vary') continue
    const said = fields[i + 1] ?? ''
    const known = said.toLowerCase().split(/\s*,\s*/)
    if (known.includes('*')) return
    const missing = names.split(', ').filter((each) => !known.includes(each.toLowerCase()))
    fields[i + 1] = [...(said === '' ? [] : [said]), ...missing].join(', ')
    return
  }
  fields.push('Vary', names)
}
