const SLASH = 0x2f
const DATA_START = 8
const HEX_PAIRS = /^(?:[0-9a-f]{2})+$/i

/** Whether a text is the base64 of anything, in the one spelling that encoders write. Empty text is that of nothing. */
export function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}

/**
 * Whether a text is the base64 of a path as data caveats name it: `/<space id>`, or something below; no slash at its
 * end.
 */
export function isDataPath(text: string): boolean {
  if (!isBase64(text)) return false
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
