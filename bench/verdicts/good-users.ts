import type { Rig } from './rig.ts'
import { addressOf, from } from './rig.ts'

/** A request of the load: a path and header fields. */
export interface PlannedRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Users with a token and an address each, known to Onezone, as the requests that they send over and over. */
export function createGoodUsers({ onezone }: Rig, count: number): PlannedRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `user${index}`
    onezone.createUser(id)
    const token = onezone.createTemporaryToken({ subject: { type: 'user', id } })
    return { path: '/good/files/1', headers: from(addressOf(index), token) }
  })
}
