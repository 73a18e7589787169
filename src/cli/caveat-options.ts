import { TokenError } from '../errors.ts'
import { parseCaveat, sanitizeCaveat, type KnownCaveat } from '../token/index.ts'
import type { Arguments, OptionSpecs } from './arguments.ts'
import { readDuration } from './duration.ts'
import { UsageError } from './failure.ts'
import { readStrictCaveat } from './strict-request.ts'

/** Flags of every command that writes caveats. */
export const CAVEAT_OPTIONS: OptionSpecs = {
  caveat: { value: 'TEXT', multiple: true, help: "As in tokens, e.g. 'time < 1735689600'." },
  'caveat-json': {
    value: 'JSON',
    multiple: true,
    help: `As in the API, e.g. '{"type":"interface","interface":"rest"}'.`,
  },
  'expires-in': { value: 'TIME', help: 'Valid this long from now: 90s, 15m, 1h or 30d.' },
  ip: { value: 'CIDR', multiple: true, help: 'Only from this IPv4 address or range.' },
  interface: { value: 'NAME', help: 'Only by rest, oneclient or graphsync.' },
  readonly: { help: 'Data may be read, not changed.' },
}

/**
 * The caveats that the flags ask for, in the order of the table above.
 *
 * @throws {UsageError}
 */
export function readCaveats(args: Arguments, nowMs: number): KnownCaveat[] {
  const caveats = [
    ...args.list('caveat').map(fromText),
    ...args.list('caveat-json').map((text) => {
      const json = fromJson(text)
      checked(
        json,
        '--caveat-json is no caveat of the API; e.g. {"type":"ip","whitelist":["10.0.0.0/8"]}',
      )
      return readStrictCaveat(json)
    }),
  ]
  const expiresIn = args.text('expires-in')
  if (expiresIn !== undefined) {
    const validUntil = Math.floor(nowMs / 1000) + readDuration('expires-in', expiresIn)
    caveats.push({ type: 'time', validUntil })
  }
  const whitelist = args.list('ip')
  if (whitelist.length > 0)
    caveats.push(
      checked({ type: 'ip', whitelist }, '--ip must be an IPv4 address or range, e.g. 10.0.0.0/8'),
    )
  const name = args.text('interface')
  if (name !== undefined) {
    caveats.push(
      checked(
        { type: 'interface', interface: name },
        '--interface must be rest, oneclient or graphsync',
      ),
    )
  }
  if (args.has('readonly')) caveats.push({ type: 'data.readonly' })
  return caveats
}

function fromText(text: string): KnownCaveat {
  const caveat = parseCaveat(text)
  if (caveat.type !== 'unknown') return caveat
  throw new UsageError(
    `--caveat is not understood; it must be exactly as in tokens, e.g. 'time < 1735689600' or 'ip = 10.0.0.0/8'`,
  )
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('--caveat-json is no JSON')
  }
}

function checked(json: unknown, problem: string): KnownCaveat {
  try {
    return sanitizeCaveat(json)
  } catch (error) {
    if (error instanceof TokenError) throw new UsageError(problem)
    throw error
  }
}
