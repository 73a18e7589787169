import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { TokenError } from '../../src/errors.ts'
import type { TokenErrorCode } from '../../src/errors.ts'
import type { InviteType, Subject } from '../../src/token/index.ts'

/** Text that the vectors give in full, or as a part to be repeated. */
type VectorText = string | { readonly $repeat: string; readonly times: number }

interface TokenVector {
  readonly name: string
  readonly onezoneDomain?: string
  readonly onezoneDomainHex?: string
  readonly secret?: string
  readonly secretHex?: string
  readonly version: 1 | 2
  readonly id?: string
  readonly idHex?: string
  readonly subject: Subject
  readonly type: {
    readonly accessToken?: { readonly sessionId?: string }
    readonly identityToken?: Record<never, never>
    readonly inviteToken?: { readonly inviteType: InviteType }
  }
  readonly persistence: 'named' | 'temporary'
  readonly generation: number | null
  readonly indication?: 'op_worker' | 'op_panel'
  readonly caveats: readonly Record<string, unknown>[] | null
  readonly serializedCaveats: readonly string[]
  readonly signatureHex: string
  readonly token: string
  readonly examineStatus: number
  readonly examine: unknown
}

interface RejectedVector {
  readonly name: string
  readonly token: VectorText
  readonly error: { readonly id: string; readonly details: { tokenError?: { id: string } } }
}

interface AcceptedVector {
  readonly name: string
  readonly token: VectorText
  readonly examineStatus: number
  readonly examine: unknown
}

interface VerifyCase {
  readonly name: string
  readonly endpoint: string
  readonly body?: Record<string, unknown>
  readonly rawBody?: string
  readonly clock: number
  readonly status: number
  readonly response: { error?: { id: string; details?: Record<string, unknown> } } | null
}

interface ScenarioStep {
  readonly body?: Record<string, unknown>
  readonly status?: number
  readonly response?: { error?: { id: string; details?: Record<string, unknown> } } | null
}

export const tokenVectors = load<{ tokens: TokenVector[] }>('tokens').tokens
export const malformedVectors = load<{
  rejected: RejectedVector[]
  accepted: AcceptedVector[]
}>('malformed')
export const verifyCases = load<{ cases: VerifyCase[] }>('verify').cases
export const scenarioSteps = load<{ scenarios: { steps: ScenarioStep[] }[] }>(
  'scenarios',
).scenarios.flatMap(({ steps }) => steps)

/** Text given in full or as a part to be repeated, in full. */
export function expand(text: VectorText): string {
  return typeof text === 'string' ? text : text.$repeat.repeat(text.times)
}

/** A value that the vectors give as text, or in hex where it is not UTF-8. */
export function octets(text: string | undefined, hex: string | undefined): string | Uint8Array {
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  if (text === undefined) throw new Error('The vector has neither text nor hex.')
  return text
}

/** Expects a TokenError of one of the codes, whose message does not repeat the input, and gives it back. */
export function expectTokenError(run: () => unknown, ...codes: TokenErrorCode[]): TokenError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(TokenError)
    if (!(error instanceof TokenError)) throw error
    expect(codes).toContain(error.code)
    return error
  }
  throw new Error(`Nothing was thrown where ${codes.join(' or ')} was expected.`)
}

function load<T>(name: string): T {
  const file = new URL(`../vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as T
}
