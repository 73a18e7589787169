import type { IncomingMessage, ServerResponse } from 'node:http'

import { getRequestListener } from '@hono/node-server'

import type { Door } from '../listener/index.ts'
import type { AdminAppOptions } from './admin-app.ts'
import { createAdminApp } from './admin-app.ts'

/**
 * Makes the door of the admin window. It is for listeners of HTTP/1.1 only.
 *
 * @throws {TypeError} for options that make no sense.
 */
export function createAdminDoor(options: AdminAppOptions): Door {
  const { fetch } = createAdminApp(options)
  const how = {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false, // the app says that the connection ends where it leaves something of a body
  }
  const answer = getRequestListener(fetch, how)
  // Old probes name no host, and HTTP/1.0 lets them; the guard before orders reads the field itself.
  const answerOld = getRequestListener(fetch, { ...how, hostname: 'localhost' })
  return {
    async serve(incoming, outgoing) {
      // The adapter reads more of Node's classes than doors know of.
      const reply = incoming.httpVersion === '1.0' ? answerOld : answer
      await reply(incoming as IncomingMessage, outgoing as unknown as ServerResponse)
    },
  }
}
