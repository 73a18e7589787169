import type { ClientSettings } from '../http-client/index.ts'
import { createHttpTransport } from '../http-client/index.ts'
import type { ApiAnswer, ApiCall } from './api-call.ts'
import { readErrorBody } from './wire.ts'

/** Performs operations of the API over HTTP. */
export interface Transport {
  /** Rejects with an `OnezoneFaultError` where Onezone gave no usable answer. */
  call<Result>(call: ApiCall<Result>): Promise<ApiAnswer<Result>>
  /** Refuses further calls, waits for those under way (at most their deadline), closes all connections. */
  close(): Promise<void>
}

/** Makes the {@link Transport} of a client: HTTP as Onezone wants it. */
export function createTransport(settings: ClientSettings): Transport {
  const http = createHttpTransport(settings)
  return {
    call: async (call) =>
      http.call({
        ...call,
        headers: headersOf(call),
        readError: (body) => (body === null ? undefined : readErrorBody(body)),
        blamesUs: (error) => (call.blamesUs?.(error) === true ? error.id : null),
      }),
    close: () => http.close(),
  }
}

function headersOf({ body, authentication }: ApiCall<unknown>): Record<string, string> {
  return {
    // Exactly so: with a charset Onezone answers 415 (Onezone API, §8).
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...authentication,
  }
}
