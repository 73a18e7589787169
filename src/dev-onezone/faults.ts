import type { Operation } from './operations.ts'
import { OPERATIONS } from './operations.ts'
import type { ShapeCheck } from './shape-check.ts'
import { createShapeCheck, join } from './shape-check.ts'

/** To which calls a fault happens. */
export interface FaultScope {
  /** An operation, or `*` for every request to the REST API, unknown paths included. */
  readonly operation: Operation | '*'
  /** How many calls it happens to, 1 or more. @default all, until the rules are replaced */
  readonly calls?: number
}

/** What goes wrong; everything but `latency` and `truncate` happens instead of the operation, which is not executed. */
export type Fault =
  /**
   * Answers later. `phase` says when the time passes: before the request is looked at (`request`), or between its
   * execution and the answer (`answer`), so that the answer is old when it arrives. @default request
   */
  | { readonly kind: 'latency'; readonly latencyMs: number; readonly phase?: 'request' | 'answer' }
  /** Answers with this status, 200 to 599, and with an empty body unless one is given; perhaps with `Retry-After`. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: unknown
      readonly retryAfterSeconds?: number
    }
  /** Resets the connection (TCP RST). */
  | { readonly kind: 'reset' }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** 200 with this text as "JSON". @default a piece of HTML */
  | { readonly kind: 'garbage'; readonly text?: string }
  /** 302 to this location. */
  | { readonly kind: 'redirect'; readonly location: string }
  /**
   * Executes the operation, announces the whole answer, sends this many octets of its body (never all), closes. An
   * answer without body is lost as a whole. @default half
   */
  | { readonly kind: 'truncate'; readonly bytes?: number }

/** A fault and the calls that it happens to. */
export type FaultRule = FaultScope & Fault

/** The faults to come. The first rule that fits a call and has calls left is used, and only that one. */
export interface FaultPlan {
  /** Replaces all rules; an empty list clears them. */
  replace(rules: readonly FaultRule[]): void
  /** The fault of this call, if any, which is thereby used once. `null`: a request that reaches no operation. */
  take(operation: Operation | null): Fault | null
}

export function createFaultPlan(): FaultPlan {
  let pending: { rule: FaultRule; left: number }[] = []
  return {
    replace(rules) {
      pending = rules.map((rule) => ({ rule, left: rule.calls ?? Infinity }))
    },
    take(operation) {
      const fitting = pending.find(
        ({ rule, left }) => left > 0 && (rule.operation === '*' || rule.operation === operation),
      )
      if (fitting === undefined) return null
      fitting.left -= 1
      return fitting.rule
    },
  }
}

/**
 * Checks that a value is a list of {@link FaultRule}s and copies it.
 *
 * @throws {ConfigError} with every problem and its path, e.g. `[0].latencyMs`
 */
export function validateFaultRules(value: unknown): readonly FaultRule[] {
  const check = createShapeCheck('faults')
  const rules = check.list(value, '').map((rule, index) => readRule(check, rule, `[${index}]`))
  check.finish()
  return rules
}

/** The parameters of each kind. */
const PARAMETERS: Readonly<Record<Fault['kind'], readonly string[]>> = {
  latency: ['latencyMs', 'phase'],
  status: ['status', 'body', 'retryAfterSeconds'],
  reset: [],
  hang: [],
  garbage: ['text'],
  redirect: ['location'],
  truncate: ['bytes'],
}
const KINDS = Object.keys(PARAMETERS) as [Fault['kind'], ...Fault['kind'][]]

function readRule(check: ShapeCheck, value: unknown, path: string): FaultRule {
  const { kind: rawKind } = check.record(value, path)
  const kind = check.oneOf(rawKind, join(path, 'kind'), KINDS)
  const raw = check.object(value, path, ['operation', 'calls', 'kind', ...PARAMETERS[kind]])
  const scope: FaultScope = {
    operation: check.oneOf(raw['operation'], join(path, 'operation'), ['*', ...OPERATIONS]),
    ...(raw['calls'] !== undefined && {
      calls: check.integer(raw['calls'], join(path, 'calls'), 1),
    }),
  }
  return { ...scope, ...readFault(check, kind, raw, path) }
}

function readFault(
  check: ShapeCheck,
  kind: Fault['kind'],
  raw: Record<string, unknown>,
  path: string,
): Fault {
  const integer = (key: string, minimum: number, maximum?: number): number =>
    check.integer(raw[key], join(path, key), minimum, maximum)
  switch (kind) {
    case 'latency':
      return {
        kind,
        latencyMs: integer('latencyMs', 0, MAX_TIMER_MS),
        ...(raw['phase'] !== undefined && {
          phase: check.oneOf(raw['phase'], join(path, 'phase'), ['request', 'answer']),
        }),
      }
    case 'status':
      return {
        kind,
        status: integer('status', 200, 599),
        ...(raw['body'] !== undefined && { body: raw['body'] }),
        ...(raw['retryAfterSeconds'] !== undefined && {
          retryAfterSeconds: integer('retryAfterSeconds', 0),
        }),
      }
    case 'garbage': {
      if (raw['text'] === undefined) return { kind }
      return { kind, text: check.string(raw['text'], join(path, 'text')) }
    }
    case 'redirect':
      return { kind, location: readLocation(check, raw['location'], join(path, 'location')) }
    case 'truncate':
      return raw['bytes'] === undefined ? { kind } : { kind, bytes: integer('bytes', 0) }
    case 'reset':
    case 'hang':
      return { kind }
  }
}

function readLocation(check: ShapeCheck, value: unknown, path: string): string {
  const location = check.string(value, path)
  // The header is written as it is, so it must be one.
  if (!/^[\x21-\x7e]*$/.test(location)) check.wrong(path, 'must be a URL in printable ASCII')
  return location
}

/** The longest time that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1
