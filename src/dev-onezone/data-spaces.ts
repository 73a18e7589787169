import type { Caveat } from '../token/index.ts'

/** The ids of the spaces that a caveat leaves; null if it speaks of no places. Entries that name none are ignored. */
export function spacesIn(caveat: Caveat): readonly string[] | null {
  switch (caveat.type) {
    case 'data.path':
      return caveat.whitelist.map(spaceOfPath).filter((id) => id !== null)
    case 'data.objectid':
      return caveat.whitelist.map(spaceOfObject).filter((id) => id !== null)
    default:
      return null
  }
}

/** The first part of an absolute path, however many slashes stand before it. */
function spaceOfPath(base64: string): string | null {
  const [, id] = /^\/+([^/]+)/.exec(Buffer.from(base64, 'base64').toString('latin1')) ?? []
  return id === undefined ? null : textOf(id)
}

/** Eight octets of header, then `guid#<uuid>#<space>` or `shareGuid#<uuid>#<space>#<share>` (Onezone API, §4.1). */
function spaceOfObject(hex: string): string | null {
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) return null
  const octets = Buffer.from(hex, 'hex')
  if (octets.length < HEADER || octets[0] !== 0 || octets[4] !== 0) return null
  const [prefix, , id, ...more] = octets.toString('latin1', HEADER).split('#')
  const isGuid =
    (prefix === 'guid' && more.length === 0) || (prefix === 'shareGuid' && more.length === 1)
  return isGuid && id !== undefined && id !== '' ? textOf(id) : null
}

const HEADER = 8

function textOf(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}
