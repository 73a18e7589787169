/** What still takes the rest of a request that was answered, and closes when it does not any more. */
export interface RestTaker {
  readonly destroyed: boolean
  destroy(): unknown
  once(event: 'close', listener: () => void): unknown
}

/** Calls back when nothing takes the rest of a request any more. */
export function afterTaker(taker: RestTaker | null, then: () => void): void {
  if (taker === null || taker.destroyed) then()
  else taker.once('close', then)
}
