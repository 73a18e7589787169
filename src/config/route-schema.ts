/**
 * Which requests take a route, beside its path.
 *
 * @module
 */

import { z } from 'zod'
import type {
  ConfinedForward,
  ConfiningCaveat,
  DataMapping,
  RoutePolicy,
} from '../authenticator/index.ts'
import {
  CONFINEMENT_DEFAULTS,
  FORWARD_FIELDS,
  readConfiningCaveat,
  ROUTE_CHOICES,
} from '../authenticator/index.ts'
import type { CorsOptions } from '../proxy/index.ts'
import {
  BUFFER_RANGE,
  CORS_DEFAULTS,
  CORS_MAX_AGE_RANGE,
  parseCorsName,
  parseFixedValue,
  parseOrigin,
} from '../proxy/index.ts'
import { parseRouteHost, parseRouteMethod } from '../routing/index.ts'
import {
  choice,
  choiceOrNull,
  group,
  integer,
  list,
  named,
  shaped,
  text,
  toggle,
} from './setting.ts'

/** Names that `Host` may say. */
export const hostsSchema: z.ZodType<string[]> = list(
  'host names',
  text('a host name, e.g. api.example.org', parseRouteHost),
)

/** Methods that take the route. */
export const methodsSchema: z.ZodType<string[]> = list(
  'methods',
  text('a method, e.g. GET', parseRouteMethod),
)

/** What is taken off the front of paths; judged together with the path, in `cross-checks.ts`. */
export const stripPrefixSchema: z.ZodType<string> = text(
  'the beginning of the path, e.g. /api',
  (value) => value,
)

/** Longest request body: up to 1 TiB, for a slip is more likely than a wish beyond. */
export const maxBodyBytesSchema: z.ZodType<number> = integer(0, 2 ** 40)

/** Longest body that is held to be sent with a length. */
export const bufferRequestBytesSchema: z.ZodType<number> = integer(...BUFFER_RANGE).default(0)

const name = text('the name of a header field', parseCorsName)

/** Which pages of other origins may use the route; what goes with what is judged in `route-checks.ts`. */
export const corsSchema: z.ZodType<CorsOptions> = group({
  origins: list('origins', text('an origin, e.g. https://app.example.org', parseOrigin)),
  methods: list('methods', text('a method', parseCorsName)).optional(),
  headers: list('names of header fields', name).optional(),
  exposeHeaders: list('names of header fields', name).default([]),
  credentials: toggle().default(CORS_DEFAULTS.credentials),
  maxAgeSeconds: integer(...CORS_MAX_AGE_RANGE).default(CORS_DEFAULTS.maxAgeSeconds),
})

/** Values of header fields by their names, or the names of files that hold them. */
export type UpstreamHeadersWritten = Readonly<Record<string, string | { readonly file: string }>>

const file = group({
  file: text('the name of a file', (value) => {
    if (value === '') throw new TypeError('must not be empty')
    return value
  }),
})

/** Names are judged in `route-checks.ts`, where those of identity fields are known. */
export const upstreamHeadersSchema: z.ZodType<UpstreamHeadersWritten> = named(
  'values by the names of header fields',
  shaped<string | { readonly file: string }>((value) =>
    typeof value === 'object' && value !== null
      ? file
      : text('a text, or { file: NAME }', parseFixedValue),
  ),
)

/** Which of Onedata's files requests are about; that it fits the path is judged in `route-checks.ts`. */
export const dataSchema: z.ZodType<Omit<DataMapping, 'from'>> = group({
  path: text('a path, e.g. /:space/**', (value) => value).optional(),
  spaces: z
    .record(
      z.string(),
      text('the id of a space', (value) => value),
    )
    .optional(),
  reads: methodsSchema.optional(),
  query: list(
    'names of query parameters',
    text('the name of a query parameter', (value) => value),
  ).optional(),
  id: text('a parameter of the path, e.g. :file', (value) => value).optional(),
})

/** One interface, several, or null. */
export const interfaceSchema: z.ZodType<RoutePolicy['interface']> = shaped<
  RoutePolicy['interface']
>((value) =>
  Array.isArray(value)
    ? list('interfaces', choice(...ROUTE_CHOICES.interface))
    : choiceOrNull(...ROUTE_CHOICES.interface),
)
const confiningCaveat = z.unknown().transform((value, context): ConfiningCaveat => {
  try {
    readConfiningCaveat(value)
    return value as ConfiningCaveat
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})

const confined = group({
  confine: list('caveats', confiningCaveat),
  forwardAs: choice(...FORWARD_FIELDS).default(CONFINEMENT_DEFAULTS.forwardAs),
  allowIpConfined: toggle().default(false),
})

/** Whether the upstream sees the token, or what in its place; which tokens can carry what, `route-checks.ts` says. */
export const forwardTokenSchema: z.ZodType<boolean | ConfinedForward> = shaped<
  boolean | ConfinedForward
>((value) => (typeof value === 'object' && value !== null ? confined : toggle()))
