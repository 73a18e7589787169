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
 * Takes the id of a CDMI object apart (Onezone API, §4.1): hex of a header and of `guid#<uuid>#<space>` or
 * `shareGuid#<uuid>#<space>#<share>`. Checksum and length in the header are not compared.
 *
 * @returns What the second part consists of, as latin-1 text of its bytes; null: it is no id that Onedata could have
 *   made.
 */
export function objectIdFields(text: string): readonly string[] | null {
  if (!HEX_PAIRS.test(text)) return null
  const octets = Buffer.from(text, 'hex')
  if (octets[0] !== 0 || octets[4] !== 0) return null
  const fields = octets.toString('latin1', DATA_START).split('#')
  const wanted = fields[0] === 'guid' ? 3 : fields[0] === 'shareGuid' ? 4 : 0
  return fields.length === wanted ? fields : null
}

/** Whether a text is the id of a CDMI object that Onedata could have made. */
export function isObjectId(text: string): boolean {
  return objectIdFields(text) !== null
}
