import type { CallOptions } from './api-call.ts'
import type { Perform } from './perform.ts'
import { readCurrentTime } from './wire.ts'

/** Operations on Onezone itself (Onezone API, §10). They reject as those of `TokenApi` do. */
export interface ZoneApi {
  /** Wall time of Onezone in milliseconds since 1970: it, not ours, decides over time caveats. Anonymous. */
  getCurrentTime(options?: CallOptions): Promise<{ timeMillis: number }>
}

/** Makes the {@link ZoneApi}. */
export function createZoneApi(perform: Perform): ZoneApi {
  return {
    getCurrentTime: async (options) =>
      perform(
        {
          operation: 'getCurrentTime',
          access: 'public',
          method: 'GET',
          path: '/provider/public/get_current_time',
          read: readCurrentTime,
        },
        options,
      ),
  }
}
