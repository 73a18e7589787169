const SLASH = 0x2f
const DATA_START = 8
const HEX_PAIRS = /^(?:[0-9a-f]{2})+$/i

/**
 * The canonical base64 of a text that Onezone reads as base64, or null. As tolerant as Onezone: whitespace may stand
 * anywhere and unused bits may be set, but padding must be complete. Empty text is the base64 of nothing.
 */
export function normalizeBase64(text: string): string | null {
  const symbols = text.replace(/[\t\n\r ]+/g, '')
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(symbols) && symbols.length % 4 === 0
  return isBase64 ? Buffer.from(symbols, 'base64').toString('base64') : null
}

/**
 * Whether a text is the base64 of a path as data caveats name it: `/<space id>`, or something below; no slash at its
 * end.
 */
export function isDataPath(text: string): boolean {
  if (normalizeBase64(text) === null) return false
  const path = Buffer.from(text, 'base64')
  return path.length > 1 && path[0] === SLASH && path.at(-1) !== SLASH
}

/**
 * Whether a text is the id of a CDMI object that Onedata could have made (Onezone API, §4.1): hex of a header and of
 * `guid#<uuid>#<space>` or `shareGuid#<uuid>#<space>#<share>`. Checksum and length in the header are not compared.
 */
export function isObjectId(text: string): boolean {
  if (!HEX_PAIRS.test(text)) return false
  const octets = Buffer.from(text, 'hex')
  if (octets[0] !== 0 || octets[4] !== 0) return false
  const fields = octets.toString('latin1', DATA_START).split('#')
  return (
    (fields[0] === 'guid' && fields.length === 3) ||
    (fields[0] === 'shareGuid' && fields.length === 4)
  )
}
