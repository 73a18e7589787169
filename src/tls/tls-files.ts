import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

/** Names of the files that a TLS listener needs, PEM. */
export interface TlsFiles {
  /** The certificate of the gateway, followed by those between it and its authority. */
  readonly certFile: string
  /** Its private key, not encrypted. */
  readonly keyFile: string
  /** Certificates of the authorities that clients' certificates must come from. @default none */
  readonly clientCaFile?: string | undefined
}

/** Content of {@link TlsFiles} that fits together. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
  /** When the first certificate of the chain ends, in milliseconds since 1970. */
  readonly validUntilMs: number
}

/** What is wrong with one of the files; nothing of its content is in it. */
export interface TlsFileProblem {
  readonly setting: keyof TlsFiles
  readonly message: string
}

/** The oldest version that is spoken (RFC 8996 ends those before). */
export const OLDEST_TLS = 'TLSv1.2'

/** Reads the files of a listener and checks that they can be used together. A certificate that has ended can be. */
export async function readTlsFiles(
  files: TlsFiles,
): Promise<TlsMaterial | readonly TlsFileProblem[]> {
  const problems: TlsFileProblem[] = []
  const read = async <T>(
    setting: keyof TlsFiles,
    parse: (text: string) => T,
  ): Promise<{ text: string; parsed: T } | undefined> => {
    const name = files[setting]
    if (name === undefined) return undefined
    try {
      const text = await readFile(name, 'utf8')
      return { text, parsed: parse(text) }
    } catch (error) {
      problems.push({ setting, message: `names a file that ${reasonOf(error)}` })
      return undefined
    }
  }
  const cert = await read('certFile', parseCertificates)
  const key = await read('keyFile', parseKey)
  const clientCa = await read('clientCaFile', parseCertificates)
  if (cert === undefined || key === undefined || problems.length > 0) return problems

  if (cert.parsed[0]?.checkPrivateKey(key.parsed) !== true) {
    const message = 'names a file whose key does not belong to the certificate of certFile'
    return [{ setting: 'keyFile', message }]
  }
  const ends = cert.parsed.map(({ validTo }) => Date.parse(validTo))
  const material = {
    cert: cert.text,
    key: key.text,
    clientCa: clientCa?.text,
    validUntilMs: Math.min(...ends),
  }
  try {
    createSecureContext({ ...material, ca: material.clientCa, minVersion: OLDEST_TLS })
    return material
  } catch (error) {
    const { code = 'no reason' } = error as NodeJS.ErrnoException
    return [{ setting: 'certFile', message: `cannot be used with its key (${code})` }]
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

class Unreadable extends Error {}

function parseCertificates(text: string): X509Certificate[] {
  try {
    const found = (text.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem))
    if (found.length > 0) return found
  } catch {
    // told below
  }
  throw new Unreadable('holds no PEM certificates, or one that cannot be read')
}

function parseKey(text: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text)
  } catch {
    throw new Unreadable('holds no PEM private key, or an encrypted one')
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Unreadable) return error.message
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
}
