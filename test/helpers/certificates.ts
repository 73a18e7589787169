import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished, test } from 'vitest'

import { hasOpenssl } from './certificate.ts'

/** A certificate and its key, PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** Makes certificates, with openssl; for loopback, for two days unless told otherwise. */
export interface Authority extends Identity {
  issue(name: string, options?: { readonly days?: number; readonly names?: string }): Identity
}

/** `test`, or `test.skip` where there is no openssl to make certificates with. */
export const tlsTest: typeof test = hasOpenssl() ? test : (test.skip as typeof test)

/** Makes an authority of its own, until the test ends. */
export function createAuthority(name: string): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-authority-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = (suffix: string): string => join(directory, suffix)
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore' })
  }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout']
  const own = ['-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', `/CN=${name}`]
  openssl('req', '-x509', '-days', '3', ...key.slice(0, -1), ...own)
  let serial = 0

  return {
    cert: readFileSync(file('ca.pem'), 'utf8'),
    key: readFileSync(file('ca.key'), 'utf8'),
    issue(subject, { days = 2, names: given = 'IP:127.0.0.1,DNS:localhost' } = {}) {
      serial += 1
      writeFileSync(file('extensions'), `subjectAltName=${given}`)
      const [keyFile, request, cert] = [`${serial}.key`, `${serial}.csr`, `${serial}.pem`].map(file)
      const names = [keyFile ?? '', request ?? '', cert ?? ''] as const
      openssl('req', '-new', ...key, names[0], '-out', names[1], '-subj', `/CN=${subject}`)
      const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial']
      const rest = ['-days', String(days), '-extfile', file('extensions')]
      openssl('x509', '-req', '-in', names[1], '-out', names[2], ...signer, ...rest)
      return { cert: readFileSync(names[2], 'utf8'), key: readFileSync(names[0], 'utf8') }
    },
  }
}
