import type { FixedFields } from './fixed-fields.ts'

/** One request as traces show it, and the requests to upstreams that it brings about, one at a time. */
export interface RequestSpan {
  /**
   * Begins a request to an upstream.
   *
   * @param url Where it goes, without the query.
   * @returns The fields by which the upstream joins in, in place of the client's own.
   */
  ask(url: string, method: string): FixedFields
  /** The upstream has begun to answer that. */
  answered(status: number): void
  /** That request is over, with such an outcome as `UpstreamEvent` has. */
  settle(outcome: string): void
  /** The request itself is over, with the status that was sent. */
  end(routeId: string, status: number): void
}
