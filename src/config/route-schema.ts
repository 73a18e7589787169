/**
 * Which requests take a route, beside its path.
 *
 * @module
 */

import { z } from 'zod'
import { parseRouteHost, parseRouteMethod } from '../routing/index.ts'
import type { DataMapping, RoutePolicy } from '../authenticator/index.ts'
import { ROUTE_CHOICES } from '../authenticator/index.ts'
import { choice, choiceOrNull, group, integer, list, shaped, text } from './setting.ts'

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
