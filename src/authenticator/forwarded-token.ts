import { TokenError } from '../errors.ts'
import type { CaveatInput, PresentedToken } from '../token/index.ts'
import { confineToken } from '../token/index.ts'
import type { Confinement } from './confinement.ts'
import { LONGEST_FORWARDED } from './confinement.ts'
import type { MakePassingFields } from './passing-fields.ts'

/**
 * Makes the field with the weaker token. Within half a life its text is the same for every request and in every
 * process: whoever verifies it next remembers it by its text.
 *
 * @param nowMs What time it is at Onezone, in milliseconds since 1970.
 */
export function confinedField(
  { forwardAs, lifeMs, caveats }: Confinement,
  nowMs: () => number,
): MakePassingFields {
  return (_identity, token) => {
    const added = [...caveats]
    let freshForMs = Infinity
    if (lifeMs !== null) {
      const now = nowMs()
      const halfMs = lifeMs / 2
      const sinceMs = now % halfMs
      freshForMs = halfMs - sinceMs
      added.unshift({ type: 'time', validUntil: Math.floor((now - sinceMs + lifeMs) / 1000) })
    }
    const text = confine(token, added)
    if (text === null) return { code: 'token_too_large' }
    return {
      fields: [forwardAs, forwardAs === 'Authorization' ? `Bearer ${text}` : text],
      freshForMs,
    }
  }
}

/** Null: it would be longer than upstreams read. */
function confine({ serialized }: PresentedToken, caveats: readonly CaveatInput[]): string | null {
  try {
    const text = confineToken(serialized, caveats)
    return text.length > LONGEST_FORWARDED ? null : text
  } catch (error) {
    if (error instanceof TokenError && error.code === 'ERR_TOKEN_TOO_LARGE') return null
    throw error
  }
}
