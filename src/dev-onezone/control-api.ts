import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError } from '../errors.ts'
import type { CallCounter } from './calls.ts'
import type { FaultPlan } from './faults.ts'
import { validateFaultRules } from './faults.ts'
import { parseBody, pathOf, readBody } from './incoming.ts'
import { withoutFloats } from './json-text.ts'
import type { Reply } from './reply.ts'
import { emptyReply, jsonReply, problemReply, sendReply } from './reply.ts'
import { createShapeCheck } from './shape-check.ts'
import type { OnezoneState } from './state.ts'
import type { StateKeeper } from './state-keeper.ts'
import { validateWorld, validateWorldChange } from './world-validation.ts'

export interface ControlApiOptions {
  readonly state: OnezoneState
  readonly keeper: StateKeeper
  readonly calls: CallCounter
  readonly faults: FaultPlan
}

/** Answers one request to the control API. */
export type ControlApi = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Below this everything belongs to the control API, if there is one. */
export const CONTROL_PREFIX = '/control/'

/**
 * The API by which tests play fate. Bodies are JSON, whatever `Content-Type` says; changes answer 204 without body.
 *
 * | request | body |
 * |---|---|
 * | `PUT /control/clock` | `{"now": 1750000000}` stops the clock at this second, `{"now": null}` lets it run again |
 * | `PUT /control/world` | a whole `World`: everything before is forgotten |
 * | `PATCH /control/world` | a `WorldChange`: given keys of given entities replace, `null` deletes |
 * | `PUT /control/faults` | a list of `FaultRule`s, e.g. `[{"operation":"verifyAccessToken","kind":"hang","calls":1}]`;
 * `[]` clears |
 * | `GET /control/calls` | answers `{"verifyAccessToken": 3, …}`: every operation with its number of calls |
 * | `DELETE /control/calls` | sets the numbers to 0 |
 *
 * Input that cannot be used is answered with 400 and `application/problem+json` (RFC 9457), whose `problems` list
 * `{"path","message"}` for everything that is wrong; nothing is changed then.
 */
export function createControlApi({ state, keeper, calls, faults }: ControlApiOptions): ControlApi {
  const actions: Readonly<Record<string, Readonly<Record<string, (body: unknown) => Reply>>>> = {
    clock: {
      PUT: (body) => changed(() => state.setClock(validateClock(body))),
    },
    world: {
      PUT: (body) => changed(() => state.setWorld(validateWorld(body))),
      PATCH: (body) => changed(() => state.patchWorld(validateWorldChange(body))),
    },
    faults: {
      PUT: (body) => changed(() => faults.replace(validateFaultRules(body))),
    },
    calls: {
      GET: () => jsonReply({ status: 200, body: calls.counts() }),
      DELETE: () => changed(() => calls.reset()),
    },
  }

  return async (request, response) => {
    const name = pathOf(request).slice(CONTROL_PREFIX.length)
    const methods = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (methods === undefined) return sendReply(response, unknownPath(Object.keys(actions)))
    const action = methods[request.method ?? '']
    if (action === undefined) return sendReply(response, wrongMethod(Object.keys(methods)))
    const reply = await act(request, action)
    await keeper.saved()
    sendReply(response, reply)
  }
}

async function act(request: IncomingMessage, action: (body: unknown) => Reply): Promise<Reply> {
  const octets = await readBody(request)
  if (octets === null) {
    const message = 'is larger than 8 MB; send a smaller one'
    return problemReply(413, [{ path: 'body', message }], { Connection: 'close' })
  }
  const body = withoutFloats(parseBody(octets))
  if (body === undefined) {
    return problemReply(400, [{ path: 'body', message: 'is no JSON in UTF-8; send JSON' }])
  }
  try {
    return action(body)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return problemReply(400, error.problems)
  }
}

function changed(change: () => void): Reply {
  change()
  return emptyReply(204)
}

/** The second at which `{"now": …}` stops the clock, or null. */
export function validateClock(body: unknown): number | null {
  const check = createShapeCheck('clock')
  const { now } = check.object(body, '', ['now'])
  const seconds = now === null ? null : check.integer(now, 'now', 0, MAX_SECONDS)
  check.finish()
  return seconds
}

/** The last second of which `Date` knows the milliseconds. */
const MAX_SECONDS = 8_640_000_000_000

function unknownPath(names: readonly string[]): Reply {
  const known = names.map((name) => CONTROL_PREFIX + name).join(', ')
  return problemReply(404, [{ path: 'path', message: `is unknown; known are ${known}` }])
}

function wrongMethod(methods: readonly string[]): Reply {
  const allowed = methods.join(', ')
  const message = `is not possible here; possible are ${allowed}`
  return problemReply(405, [{ path: 'method', message }], { Allow: allowed })
}
