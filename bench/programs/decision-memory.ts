/** What a million tokens in one process weigh: what is remembered of each, and with its text and parsed form. */

import { strict as assert } from 'node:assert'

import { systemClock } from '../../src/clock.ts'
import type { Token } from '../../src/token/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { CLIENT_IP, temporaryToken } from './decision-tokens.ts'
import { runAsProgram } from './run-as-program.ts'
import { createScriptedOnezone } from './scripted-onezone.ts'
import { requestOf, withVerdictModel } from './verdict-model.ts'

export interface DecisionMemoryResult {
  /** Proofs and families alone, bytes a token. */
  readonly remembered: number
  /** With the tokens themselves, text and parsed form. */
  readonly withTokens: number
}

await runAsProgram(async (tokens: number): Promise<DecisionMemoryResult> => {
  const onezone = createScriptedOnezone({ clock: systemClock })
  const before = await liveBytes()
  const model = withVerdictModel(onezone, { maxEntries: tokens })
  let kept: Token[] = []
  for (let number = 0; number < tokens; number++) {
    const token = parseToken(temporaryToken(number))
    const { verdict } = await model.verify(requestOf(token, CLIENT_IP))
    assert.equal(verdict.outcome, 'accepted')
    kept.push(token)
  }
  assert.equal(onezone.calls, tokens)

  const full = await liveBytes()
  // Read once more: V8 lets go of what nobody reads.
  assert.equal(kept.length, tokens)
  kept = []
  const remembered = await liveBytes()
  // Still in use, hence all of it was alive until here.
  const { source } = await model.verify(requestOf(parseToken(temporaryToken(0)), CLIENT_IP))
  assert.ok(source !== 'onezone' || onezone.calls === tokens + 1)
  return {
    remembered: (remembered - before) / tokens,
    withTokens: (full - before) / tokens,
  }
})

/** What is alive in this process, in bytes, after everything else is gone. Needs `--expose-gc`. */
async function liveBytes(): Promise<number> {
  const collect = globalThis.gc
  if (collect === undefined) throw new Error('this program needs --expose-gc')
  // What finalizers and settled promises let go is only free after another turn.
  for (let round = 0; round < 3; round++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
