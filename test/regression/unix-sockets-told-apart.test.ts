import { Socket } from 'node:net'

import { expect, test } from 'vitest'

import { connectionName, createPeers } from '../../src/listener/proxy-protocol.ts'

// Without addresses all were one: a request on the second one let the time for the first head run out on the first one.
test('connections over a Unix socket are told apart', () => {
  const peers = createPeers(null)
  const sockets = [new Socket(), new Socket()]
  for (const socket of sockets) peers.introduce(socket, true, () => {})
  expect(sockets.map(({ remoteAddress }) => remoteAddress)).toEqual(['unix:', 'unix:'])
  expect(new Set(sockets.map(connectionName)).size).toBe(2)
})
