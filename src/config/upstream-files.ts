import { resolve } from 'node:path'
import { isJsonObject } from '../json.ts'
import type { UpstreamOptions, UpstreamTls } from '../upstream/index.ts'
import type { Finding, SettingPath } from './problems.ts'
import { isKeyOf, readCertificates, readPrivateKey } from './secret-file.ts'
import { listAt, type Written } from './written.ts'
import type { UpstreamTlsFiles, UpstreamWritten } from './upstream-schema.ts'

/** What the files of all upstreams hold, by the place of the upstream in the configuration. */
export interface UpstreamFiles {
  readonly contents: ReadonlyMap<string, UpstreamTls>
  readonly findings: readonly Finding[]
}

const READERS = {
  caFile: ['ca', readCertificates],
  certFile: ['cert', readCertificates],
  keyFile: ['key', readPrivateKey],
} as const

/**
 * Reads the certificates and keys of all upstreams.
 *
 * @param base Directory that the name of a file is relative to.
 */
export async function readUpstreamFiles(
  config: Written,
  base: (path: SettingPath) => string,
): Promise<UpstreamFiles> {
  const places: SettingPath[] = [
    ['upstream'],
    ...listAt(config, 'routes').map((_, index) => ['routes', index, 'upstream']),
  ]
  const contents = new Map<string, UpstreamTls>()
  const findings: Finding[] = []
  for (const place of places) {
    const upstream = place.reduce<unknown>(valueAt, config)
    const tls = isJsonObject(upstream) ? upstream['tls'] : undefined
    if (!isJsonObject(tls)) continue
    const read: { -readonly [Name in keyof UpstreamTls]: string } = {}
    for (const [key, [name, reader]] of Object.entries(READERS)) {
      const file = tls[key]
      if (typeof file !== 'string' || file === '') continue
      const path = [...place, 'tls', key]
      try {
        read[name] = await reader(resolve(base(path), file))
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        findings.push({ path, message: error.message })
      }
    }
    if (read.cert !== undefined && read.key !== undefined && !isKeyOf(read.cert, read.key)) {
      const message = 'names a private key that is not the one of the certificate in "certFile"'
      findings.push({ path: [...place, 'tls', 'keyFile'], message })
    }
    contents.set(place.join('.'), read)
  }
  return { contents, findings }
}

/** An upstream with what its files hold in place of their names. */
export function withContents(
  { tls, ...upstream }: UpstreamWritten,
  place: SettingPath,
  { contents }: UpstreamFiles,
): UpstreamOptions {
  if (tls === undefined) return upstream
  const { serverName }: UpstreamTlsFiles = tls
  return { ...upstream, tls: { serverName, ...contents.get(place.join('.')) } }
}

function valueAt(value: unknown, key: string | number): unknown {
  return isJsonObject(value) || Array.isArray(value) ? (value as Written)[key] : undefined
}
