import { SHORTEST_SECRET } from '../verification/index.ts'
import type { Finding, SettingPath } from './problems.ts'
import { isKeyOf, readCertificates, readPrivateKey, readText } from './secret-file.ts'
import { groupAt, type Written } from './written.ts'

/** What the files hold that `store` names, as far as they could be read. */
export interface StoreFiles {
  readonly secret: readonly string[]
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly findings: readonly Finding[]
}

/** Reads them. */
export async function readStoreFiles(
  config: Written,
  nameAt: (path: SettingPath, name: string) => string,
  onFile: (name: string) => void,
): Promise<StoreFiles> {
  const store = groupAt(config, 'store')
  const findings: Finding[] = []
  async function read<T>(
    key: string,
    reader: (name: string) => Promise<T>,
  ): Promise<T | undefined> {
    const name = store[key]
    if (typeof name !== 'string' || name === '') return undefined
    const path = ['store', key]
    const file = nameAt(path, name)
    onFile(file)
    try {
      return await reader(file)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      findings.push({ path, message: error.message })
      return undefined
    }
  }
  const secret = (await read('secretFile', readStoreSecrets)) ?? []
  const username = await read('usernameFile', readWord)
  const password = await read('passwordFile', readWord)
  const ca = await read('caFile', readCertificates)
  const cert = await read('certFile', readCertificates)
  const key = await read('keyFile', readPrivateKey)
  if (cert !== undefined && key !== undefined && !isKeyOf(cert, key)) {
    const message = 'names a private key that is not the one of the certificate in "certFile"'
    findings.push({ path: ['store', 'keyFile'], message })
  }
  return { secret, username, password, ca, cert, key, findings }
}

/** One secret a line: the one that is written with, and another that is read, too, while secrets are exchanged. */
async function readStoreSecrets(name: string): Promise<string[]> {
  const lines = (await readText(name)).split('\n').map((line) => line.trim())
  const secrets = lines.filter((line) => line !== '')
  const isGood = secrets.every((secret) => /^[\x21-\x7e]{1,4096}$/.test(secret))
  if (secrets.length < 1 || secrets.length > 2 || !isGood) {
    throw new TypeError('names a file that must hold one secret, or two, one on each line')
  }
  if (secrets.some((secret) => secret.length < SHORTEST_SECRET)) {
    throw new TypeError(
      `names a file with a secret that is shorter than ${SHORTEST_SECRET} characters; make one: openssl rand -hex 32`,
    )
  }
  return secrets
}

/** A user or a password, which the store has set and nobody here can judge. */
async function readWord(name: string): Promise<string> {
  const text = (await readText(name)).trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(text)) {
    throw new TypeError('names a file whose content is not printable characters in one word')
  }
  return text
}
