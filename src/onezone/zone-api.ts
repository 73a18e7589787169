import { resultOf } from './api-call.ts'
import type { Transport } from './api-transport.ts'
import { readCurrentTime } from './wire.ts'

/** Operations on Onezone itself (Onezone API, §10). They reject as those of `TokenApi` do. */
export interface ZoneApi {
  /** Wall time of Onezone in milliseconds since 1970: it, not ours, decides over time caveats. Anonymous. */
  getCurrentTime(): Promise<{ timeMillis: number }>
}

/** Makes the {@link ZoneApi}. */
export function createZoneApi(transport: Transport): ZoneApi {
  return {
    getCurrentTime: async () =>
      resultOf(
        'getCurrentTime',
        await transport.call({
          operation: 'getCurrentTime',
          method: 'GET',
          path: '/provider/public/get_current_time',
          refusals: [400],
          read: readCurrentTime,
        }),
      ),
  }
}
