import type { Door, Serve, ServeUpgrade } from './door.ts'
import type { Incoming, Outgoing } from './http-message.ts'

const TEXT = 'The gateway could not handle this request; its log says why.\n'
const FIELDS = ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store']

/**
 * Guards a listener against its door: what a door throws, or what the promise of its work settles with, ends the one
 * request, not the process with all the others. Doors answer their own faults, and better; this is for the rest.
 *
 * @param onFault Told of each fault.
 */
export function guardedDoor(door: Door, onFault: (error: unknown) => void): Door {
  const { serve, checkContinue, checkExpectation, upgrade, unreadable } = door
  function guarded(inner: Serve): Serve {
    return function serveGuarded(incoming, outgoing) {
      try {
        const work = inner(incoming, outgoing)
        if (work !== undefined) work.catch((error: unknown) => fail(error, incoming, outgoing))
      } catch (error) {
        fail(error, incoming, outgoing)
      }
    }
  }
  function guardedUpgrade(inner: ServeUpgrade): ServeUpgrade {
    return (incoming, outgoing, takeConnection) =>
      guarded(() => inner(incoming, outgoing, takeConnection))(incoming, outgoing)
  }
  function fail(error: unknown, incoming: Incoming, outgoing: Outgoing): void {
    onFault(error)
    if (!outgoing.headersSent && !outgoing.destroyed) {
      try {
        outgoing.shouldKeepAlive = false
        outgoing.writeHead(500, [...FIELDS, 'Content-Length', String(TEXT.length)])
        outgoing.end(TEXT)
        return
      } catch {
        // Whatever can still be said then is said by the end of the connection.
      }
    }
    incoming.socket.destroy()
  }
  return {
    ...door,
    serve: guarded(serve),
    checkContinue: checkContinue && guarded(checkContinue),
    checkExpectation: checkExpectation && guarded(checkExpectation),
    upgrade: upgrade && guardedUpgrade(upgrade),
    unreadable:
      unreadable &&
      ((socket, what, serving) => {
        try {
          unreadable(socket, what, serving)
        } catch (error) {
          onFault(error)
          socket.destroy()
        }
      }),
  }
}
