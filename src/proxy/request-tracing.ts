import type { RequestRecord } from '../routing/index.ts'
import { upstreamPath } from '../routing/index.ts'
import type { UpstreamMember } from '../upstream/index.ts'
import type { FixedFields } from './fixed-fields.ts'
import type { RequestSpan } from './request-span.ts'
import type { RequestTrace } from './request-trace.ts'
import type { CompiledRoute } from './routes.ts'

/** What shows requests to those who gather traces of many services. */
export interface RequestTracing {
  /**
   * Begins the span of a request; null: it has none.
   *
   * @param path The path that its route is for; null: it found no route.
   */
  begin(trace: RequestTrace, path: string | null): RequestSpan | null
}

/** Begins a request to an upstream as a part of another; see {@link RequestSpan.ask}. */
export function askAs(
  span: RequestSpan,
  { origin, basePath }: UpstreamMember,
  { method, path }: RequestRecord,
  { stripPrefix }: CompiledRoute,
): FixedFields {
  return span.ask(origin + upstreamPath(basePath, path, stripPrefix), method)
}
