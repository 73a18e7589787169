import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/**
 * Names and values as those see them who rule the store: names are keyed hashes, so that no id stands in them, and
 * values say by whom they were written, under which name. Only who has the secret, and asks the same verifier in the
 * same role, can read or make one.
 */
export interface Seal {
  /** The name of something of a kind: 22 characters of base64url. */
  nameOf(kind: string, key: string): string
  /** Writes a value for a name. */
  close(name: string, body: string): string
  /** Reads one; `shape`: it is none of this version; `mac`: it was not written under this secret and this name. */
  open(name: string, value: string): string | { readonly rejected: 'shape' | 'mac' }
}

/** What is agreed on by those who share. */
export interface SealOptions {
  readonly secret: string
  /** Whom they ask, and as whom: those who do not are strangers to each other. */
  readonly context: readonly string[]
}

/** The version of all that is written; another one is another world. */
const VERSION = '1'
const SALT = 'onegate store 1'
const KEY_BYTES = 32
/** What is left of a hash: 16 bytes, 22 characters. */
const HASH_BYTES = 16
/** No value is longer. */
export const LONGEST_VALUE = 200

/** Makes the names and values of one secret. */
export function createSeal({ secret, context }: SealOptions): Seal {
  const info = [...context, VERSION].join('\0')
  const keys = Buffer.from(hkdfSync('sha256', secret, SALT, info, 2 * KEY_BYTES))
  const nameKey = keys.subarray(0, KEY_BYTES)
  const macKey = keys.subarray(KEY_BYTES)
  const macOf = (name: string, body: string): Buffer =>
    createHmac('sha256', macKey)
      .update(`${name}\0${VERSION}\0${body}`)
      .digest()
      .subarray(0, HASH_BYTES)

  return {
    nameOf: (kind, key) =>
      createHmac('sha256', nameKey)
        .update(`${kind}\0${key}`)
        .digest()
        .subarray(0, HASH_BYTES)
        .toString('base64url'),
    close: (name, body) =>
      `${VERSION}.${Buffer.from(body).toString('base64url')}.${macOf(name, body).toString('base64url')}`,
    open(name, value) {
      if (value.length > LONGEST_VALUE) return { rejected: 'shape' }
      const [, encoded, mac] = /^1\.([\w-]+)\.([\w-]{22})$/.exec(value) ?? []
      if (encoded === undefined || mac === undefined) return { rejected: 'shape' }
      const body = Buffer.from(encoded, 'base64url').toString()
      const isOurs = timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(name, body))
      return isOurs ? body : { rejected: 'mac' }
    },
  }
}
