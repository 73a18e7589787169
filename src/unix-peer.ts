/**
 * What stands in place of the address of a peer that came over a Unix socket, in `trustedProxies` too: who may write to
 * its file is a program of this machine.
 */
export const UNIX_PEER = 'unix:'
