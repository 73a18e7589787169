import { IncomingMessage } from 'node:http'

import { asksForWebSocket } from './websocket-handshake.ts'

/**
 * A request for a server that upgrades to WebSocket only. Node asks each request whether it is to be upgraded, and
 * would take any whose `Upgrade` names whatever it likes off HTTP, with its body; those are ordinary requests here.
 */
export class ProxyRequest extends IncomingMessage {
  // Not `#asked`: Node's constructor sets `upgrade` before there is such a field.
  declare private asked: boolean | null

  get upgrade(): boolean {
    return this.asked === true && (this.method === 'CONNECT' || asksForWebSocket(this))
  }

  set upgrade(asked: boolean | null) {
    this.asked = asked
  }
}
