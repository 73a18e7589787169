import { readFileSync } from 'node:fs'

/** One operation of the Token API, as its documentation has it. */
export interface TokenApiOperation {
  /** E.g. `create_named_token_for_user`. */
  readonly name: string
  readonly method: string
  /** Below the API prefix, e.g. `/users/{id}/tokens/named`. */
  readonly path: string
}

/** The operations of the Python client, and the one that is newer. */
export const TOKEN_API_OPERATIONS: readonly TokenApiOperation[] = [
  ...(JSON.parse(
    readFileSync(new URL('../vectors/token-api-operations.json', import.meta.url), 'utf8'),
  ) as TokenApiOperation[]),
  { name: 'infer_access_token_scope', method: 'POST', path: '/tokens/infer_access_token_scope' },
]

/** `create_named_token_for_user` → `createNamedTokenForUser` */
export function methodOf({ name }: TokenApiOperation): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
