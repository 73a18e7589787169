import type { KeyObject } from 'node:crypto'
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'

import { isJsonObject } from '../json.ts'

/** How assertions are signed: every verifier knows the first, the second is faster to verify for some. */
export type SigningAlgorithm = 'ES256' | 'EdDSA'

/** A private key as a JWK (RFC 7517), complete: fit for JSON, and to be handed to another process. */
export interface SigningKey {
  readonly alg: SigningAlgorithm
  /** Thumbprint of the public part (RFC 7638), so that the same key has the same name everywhere. */
  readonly kid: string
  readonly kty: string
  readonly crv: string
  readonly x: string
  /** Only of an EC key. */
  readonly y?: string
  /** The private part. */
  readonly d: string
}

const ALGORITHMS: ReadonlyMap<string, SigningAlgorithm> = new Map([
  ['P-256', 'ES256'],
  ['Ed25519', 'EdDSA'],
])

const WANTED =
  'an EC key on P-256 (ES256) or an Ed25519 key (EdDSA), as PEM without a passphrase or as a JWK'

/**
 * Reads a private key, PEM or JWK.
 *
 * @throws {TypeError} for what is no such key, without a word of it.
 */
export async function readSigningKey(text: string): Promise<SigningKey> {
  let key: KeyObject
  try {
    key = parse(text)
  } catch {
    throw new TypeError(`must hold ${WANTED}`)
  }
  return describe(key)
}

let own: Promise<SigningKey> | null = null

/**
 * The key of this process, made when it is first asked for: for a gateway that was given none. A reload keeps it, a
 * restart does not.
 */
export function keyOfThisProcess(): Promise<SigningKey> {
  return (own ??= describe(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))
}

/** The key object of a key. @throws {TypeError} for what is none. */
export function privateKeyOf(key: SigningKey): KeyObject {
  try {
    return createPrivateKey({ key: { ...key }, format: 'jwk' })
  } catch {
    throw new TypeError('"keys" must be private keys as readSigningKey reads them')
  }
}

/** Signs as the algorithm of a key says (RFC 7518 §3.4, RFC 8037 §3.1). */
export function signWith(key: KeyObject, alg: SigningAlgorithm, input: Buffer): Buffer {
  return alg === 'EdDSA'
    ? sign(null, input, key)
    : sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' })
}

function parse(text: string): KeyObject {
  if (!text.trimStart().startsWith('{')) return createPrivateKey(text)
  const key: unknown = JSON.parse(text)
  if (!isJsonObject(key)) throw new TypeError('no key')
  return createPrivateKey({ key, format: 'jwk' })
}

async function describe(key: KeyObject): Promise<SigningKey> {
  // Loaded when there is a key: most gateways have none.
  const { calculateJwkThumbprint } = await import('jose')
  const supported = key.asymmetricKeyType === 'ec' || key.asymmetricKeyType === 'ed25519'
  const { kty = '', crv = '', x = '', y, d = '' } = supported ? key.export({ format: 'jwk' }) : {}
  const alg = ALGORITHMS.get(crv)
  if (alg === undefined) throw new TypeError(`must hold ${WANTED}`)
  const sample = Buffer.from('sample')
  const options = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' } as const
  // The parts of a JWK need not belong together.
  if (!verify(alg === 'EdDSA' ? null : 'sha256', sample, options, signWith(key, alg, sample))) {
    throw new TypeError('must hold a key whose public part belongs to its private part')
  }
  const parts = y === undefined ? { kty, crv, x } : { kty, crv, x, y }
  return { alg, kid: await calculateJwkThumbprint(parts), ...parts, d }
}
