import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parseToken } from '../token/index.ts'

/**
 * Reads a file with one token in it, with white space around it or not.
 *
 * @throws {TypeError} that says what is wrong with the file, and nothing of its content.
 */
export async function readOnedataToken(name: string): Promise<string> {
  const text = (await readText(name)).trim()
  try {
    parseToken(text)
  } catch {
    throw new TypeError('names a file whose content is not an Onedata token')
  }
  return text
}

/**
 * Reads a file with the identity token of a Oneprovider, which states the service that `service` caveats are about.
 *
 * @throws {TypeError} that says what is wrong with the file: another token would fail every request that needs it, or
 *   say more than who it is.
 */
export async function readServiceToken(name: string): Promise<string> {
  const text = await readOnedataToken(name)
  const { kind, subject, caveats } = parseToken(text)
  if (subject.type !== 'oneprovider') {
    throw new TypeError('names a file with the token of a user; it must be that of a Oneprovider')
  }
  if (kind !== 'identity') {
    throw new TypeError(
      `names a file with an ${kind} token, which could act for the Oneprovider; it must be an identity token`,
    )
  }
  if (caveats.some(({ type }) => type === 'ip')) {
    throw new TypeError(
      'names a file with a token that has an ip caveat: Onezone would compare it with the address of each client',
    )
  }
  return text
}

/**
 * Reads a file with a secret of any kind in it, with white space around it or not.
 *
 * @throws {TypeError} that says what is wrong with the file, and nothing of its content.
 */
export async function readSecret(name: string): Promise<string> {
  const text = (await readText(name)).trim()
  if (!/^[\x21-\x7e]{16,4096}$/.test(text)) {
    throw new TypeError(
      'names a file whose content is not 16 to 4096 printable characters in one word',
    )
  }
  return text
}

/**
 * Reads a file with the value of a header field in it, with white space around it or not.
 *
 * @throws {TypeError} that says what is wrong with the file, and nothing of its content.
 */
export async function readFieldValue(name: string): Promise<string> {
  const text = (await readText(name)).trim()
  if (!/^[\x20-\x7e]{1,8192}$/.test(text)) {
    throw new TypeError('names a file whose content is not 1 to 8192 printable ASCII characters')
  }
  return text
}

/**
 * Reads a file of PEM certificates.
 *
 * @throws {TypeError} that says what is wrong with the file.
 */
export async function readCertificates(name: string): Promise<string> {
  const text = await readText(name)
  try {
    // The first one only: Node itself ignores what follows a certificate that it cannot read.
    new X509Certificate(text)
  } catch {
    throw new TypeError('names a file that does not begin with a PEM certificate')
  }
  return text
}

/**
 * Reads a file with a private key in it, PEM, without a passphrase.
 *
 * @throws {TypeError} that says what is wrong with the file, and nothing of its content.
 */
export async function readPrivateKey(name: string): Promise<string> {
  const text = await readText(name)
  try {
    createPrivateKey(text)
  } catch {
    throw new TypeError('names a file that is no PEM private key without a passphrase')
  }
  return text
}

/** Whether a private key belongs to the first certificate of a text; both must have been read. */
export function isKeyOf(certificates: string, privateKey: string): boolean {
  return new X509Certificate(certificates).checkPrivateKey(createPrivateKey(privateKey))
}

/**
 * Reads a file.
 *
 * @throws {TypeError} that says what is wrong with it.
 */
export async function readText(name: string): Promise<string> {
  try {
    return await readFile(name, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new TypeError(`names a file that does not exist: ${name}`)
    throw new TypeError(`names a file that cannot be read (${code}): ${name}`)
  }
}
