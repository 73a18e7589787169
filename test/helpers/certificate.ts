import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate that signs itself, and its key; PEM. */
export interface Identity {
  readonly key: Buffer
  readonly cert: Buffer
}

/** Makes a certificate for a name; `altName` as openssl writes it, e.g. `IP:127.0.0.1` or `DNS:api.test`. */
export function selfSigned(name: string, altName: string): Identity {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-tls-'))
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${altName}`]
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', key, '-out', cert]
  try {
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...algorithm, ...files, ...subject], {
      stdio: 'ignore',
    })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Whether certificates can be made here. */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write('TLS tests are skipped: there is no openssl to make certificates with.\n')
    return false
  }
}
