import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

/** Names of the files of one certificate, PEM. */
export interface KeyPairFiles {
  /** The certificate of the gateway, followed by those between it and its authority. */
  readonly certFile: string
  /** Its private key, not encrypted. */
  readonly keyFile: string
}

/** Names of the files that a TLS listener needs, PEM. */
export interface TlsFiles extends KeyPairFiles {
  /**
   * Further certificates: a client that asks for a name (SNI) gets the first one that is for it, or else that above.
   *
   * @default none
   */
  readonly certificates?: readonly KeyPairFiles[] | undefined
  /** Certificates of the authorities that clients' certificates must come from. @default none */
  readonly clientCaFile?: string | undefined
}

/** A certificate with its key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Content of {@link TlsFiles} that fits together. */
export interface TlsMaterial extends KeyPair {
  readonly others: readonly KeyPair[]
  readonly clientCa: string | undefined
  /** When the first certificate of the chains ends, in milliseconds since 1970. */
  readonly validUntilMs: number
}

/** What is wrong with one of the files; nothing of its content is in it. */
export interface TlsFileProblem {
  /** Which file, as keys and places in lists below `tls`. */
  readonly setting: readonly (string | number)[]
  readonly message: string
}

/** The oldest version that is spoken (RFC 8996 ends those before). */
export const OLDEST_TLS = 'TLSv1.2'

/** Reads the files of a listener and checks that they can be used together. A certificate that has ended can be. */
export async function readTlsFiles(
  files: TlsFiles,
): Promise<TlsMaterial | readonly TlsFileProblem[]> {
  const problems: TlsFileProblem[] = []
  const read: Read = async (name, setting, parse) => {
    try {
      const text = await readFile(name, 'utf8')
      return { text, parsed: parse(text) }
    } catch (error) {
      problems.push({ setting, message: `names a file that ${reasonOf(error, name)}` })
      return undefined
    }
  }
  const { certificates = [], clientCaFile } = files
  const clientCa =
    clientCaFile === undefined
      ? undefined
      : await read(clientCaFile, ['clientCaFile'], parseCertificates)
  const pairs: CheckedPair[] = []
  for (const [index, each] of [files, ...certificates].entries()) {
    const at = index === 0 ? [] : ['certificates', index - 1]
    const pair = await readPair(each, at, read)
    if (pair === null) continue
    const problem = problemOf(pair, clientCa?.text)
    if (problem === null) pairs.push(pair)
    else problems.push({ ...problem, setting: [...at, ...problem.setting] })
  }
  const [first, ...others] = pairs
  if (first === undefined || problems.length > 0) return problems
  return {
    cert: first.cert,
    key: first.key,
    others: others.map(({ cert, key }) => ({ cert, key })),
    clientCa: clientCa?.text,
    validUntilMs: Math.min(...pairs.flatMap(({ ends }) => ends)),
  }
}

type Read = <T>(
  name: string,
  setting: readonly (string | number)[],
  parse: (text: string) => T,
) => Promise<{ readonly text: string; readonly parsed: T } | undefined>

interface CheckedPair extends KeyPair {
  readonly ends: readonly number[]
  readonly fits: boolean
}

async function readPair(
  { certFile, keyFile }: KeyPairFiles,
  at: readonly (string | number)[],
  read: Read,
): Promise<CheckedPair | null> {
  const cert = await read(certFile, [...at, 'certFile'], parseCertificates)
  const key = await read(keyFile, [...at, 'keyFile'], parseKey)
  if (cert === undefined || key === undefined) return null
  return {
    cert: cert.text,
    key: key.text,
    fits: cert.parsed[0]?.checkPrivateKey(key.parsed) === true,
    ends: cert.parsed.map(({ validTo }) => Date.parse(validTo)),
  }
}

function problemOf(
  { cert, key, fits }: CheckedPair,
  ca: string | undefined,
): TlsFileProblem | null {
  if (!fits) {
    const message = 'names a file whose key does not belong to the certificate of certFile'
    return { setting: ['keyFile'], message }
  }
  try {
    createSecureContext({ cert, key, ca, minVersion: OLDEST_TLS })
    return null
  } catch (error) {
    const { code = 'no reason' } = error as NodeJS.ErrnoException
    return { setting: ['certFile'], message: `cannot be used with its key (${code})` }
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

function reasonOf(error: unknown, name: string): string {
  if (error instanceof Unreadable) return error.message
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? `does not exist: ${name}` : `cannot be read (${code}): ${name}`
}
