/** RFC 9112 §3.2, without empty hosts. */
const HOST = /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/

const MEMO_LIMIT = 1024
const memo = new Set<string>()

/**
 * Whether a `Host` field names one host in one way. A name that a URL parser would write differently (`127.1`,
 * `0x7f.0.0.1`, `[0::1]`) is refused; case does not count.
 */
export function isHost(text: string): boolean {
  if (memo.has(text)) return true
  const [, name = '', port = '0'] = HOST.exec(text) ?? []
  if (name === '' || Number(port) > 65_535) return false
  const url = `http://${name}`
  if (!URL.canParse(url) || new URL(url).hostname !== name.toLowerCase()) return false
  if (memo.size >= MEMO_LIMIT) memo.clear()
  memo.add(text)
  return true
}
