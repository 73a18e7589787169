import type { Outgoing } from '../listener/index.ts'

/** Longest body that leaves as one text with its head, in bytes: what Node writes without allocating. */
export const MAX_TEXT_BYTES: number = 12 * 1024

/**
 * Writes head and body as one text, and at once: one system call that copies, where two buffers would be gathered.
 *
 * @param body Latin-1 text of its bytes.
 */
export function writeWhole(outgoing: Outgoing, body: string): void {
  outgoing.write(body, 'latin1')
  // Node corks until the end of the turn, to gather what else may come; nothing will.
  outgoing.socket?.uncork()
}
