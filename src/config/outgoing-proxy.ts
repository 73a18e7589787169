import type { ConfigProblem } from '../errors.ts'
import { parseProxyUrl, proxyFor } from '../http-client/index.ts'
import { problemAt, problemOf } from './problems.ts'
import type { Settings } from './schema.ts'

/** The proxy through which the verifier is asked, or what is wrong with it. */
export type OutgoingProxy =
  { readonly url: string; readonly variable: string } | { readonly problem: ConfigProblem }

/** Finds the proxy that the environment names for the verifier; null: none. */
export function outgoingProxyOf(
  { onezone, verifier }: Settings,
  variables: Readonly<Record<string, string | undefined>>,
): OutgoingProxy | null {
  const { url } = verifier.type === 'onezone' ? onezone : verifier
  const choice = url === undefined ? null : proxyFor(url, variables)
  if (choice === null) return null
  const message = problemOf(() => parseProxyUrl(choice.url))
  if (message === null) return { url: parseProxyUrl(choice.url), variable: choice.variable }
  return { problem: problemAt({ path: [], message }, { source: choice.variable }) }
}

/**
 * The proxy that the environment names for a URL; undefined: none, or the URL is none.
 *
 * @throws {TypeError} for one that cannot be read; it names the variable.
 */
export function proxyUrlFor(
  url: string,
  variables: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const choice = URL.canParse(url) ? proxyFor(url, variables) : null
  if (choice === null) return undefined
  const message = problemOf(() => parseProxyUrl(choice.url))
  if (message !== null) throw new TypeError(`${choice.variable} ${message}`)
  return parseProxyUrl(choice.url)
}
