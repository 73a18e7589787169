/**
 * Which requests take a route, beside its path.
 *
 * @module
 */

import type { z } from 'zod'
import { parseRouteHost, parseRouteMethod } from '../routing/index.ts'
import { integer, list, text } from './setting.ts'

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
