import { dirname, resolve } from 'node:path'
import { ConfigError, type ConfigProblem } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, checkOptions, group, JUDGED_ELSEWHERE, listOf, TEXT } from '../option-shape.ts'
import type { KeyPairFiles, TlsFileProblem, TlsFiles } from '../tls/index.ts'
import { readTlsFiles } from '../tls/index.ts'
import { readConfigFile, type ConfigFile } from './config-file.ts'
import { readIntrospectionClients } from './introspection-clients.ts'
import type { IntrospectionClients } from './introspection-clients.ts'
import { complete, type Secrets } from './completion.ts'
import { crossCheck } from './cross-checks.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { applyOverlays, readEnvironment, readFlags, waysToGive } from './overlay.ts'
import type { ConfigFlags, Overlay } from './overlay.ts'
import { outgoingProxyOf } from './outgoing-proxy.ts'
import { byPlace, problemAt, unitHint, type Finding, type SettingPath } from './problems.ts'
import { configSchema, type Settings } from './schema.ts'
import { findOrigins, withOrigins } from './setting-origins.ts'
import { readSigningKeys } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'
import { readStoreFiles, type StoreFiles } from './store-files.ts'
import { groupAt, listAt } from './written.ts'
import { verifierSectionOf } from './verifier-checks.ts'
import { readCertificates, readFieldValue, readSecret, readServiceToken } from './secret-file.ts'
import { readUpstreamFiles, type UpstreamFiles } from './upstream-files.ts'

/** Where a configuration comes from; flags win over the environment, that over the file, that over defaults. */
export interface ConfigSources {
  /** Name of a YAML or JSON file. */
  readonly file?: string | undefined
  /**
   * Environment variables; those that begin with `ONEGATE_` are read, and unknown ones among them refused.
   *
   * @default {}
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** @default {} */
  readonly flags?: ConfigFlags | undefined
  /** Told the name of each file before it is read, the configuration's own first. TLS files are not among them. */
  readonly onFile?: ((name: string) => void) | undefined
}

const CONFIG_SOURCES: OptionShape<ConfigSources> = {
  file: TEXT,
  env: JUDGED_ELSEWHERE,
  flags: group<ConfigFlags>({
    listen: TEXT,
    adminListen: TEXT,
    onezoneUrl: TEXT,
    workers: TEXT,
    upstream: TEXT,
    trustedProxies: listOf('addresses and CIDR ranges', TEXT),
    logLevel: TEXT,
  }),
  onFile: CALLBACK,
}

/**
 * Loads a configuration and everything it refers to: secrets are read here, and TLS files are tried. Names of files are
 * relative to the configuration file that gives them, else to the working directory.
 *
 * @throws {ConfigError} with every problem of file, environment and flags, each with its place.
 * @throws {TypeError} for sources that make no sense.
 */
export async function loadConfig(sources: ConfigSources): Promise<GatewayConfig> {
  checkOptions('loadConfig', sources, CONFIG_SOURCES)
  const { onFile = () => {} } = sources
  if (sources.file !== undefined) onFile(sources.file)
  const file = sources.file === undefined ? undefined : await readConfigFile(sources.file)
  const environment = readEnvironment(sources.env ?? {})
  const overlays = [...environment.overlays, ...readFlags(sources.flags ?? {})]
  const placed = placer(file, sources.file, overlays)
  const problems: ConfigProblem[] = []

  let settings: Settings | undefined
  let written: unknown
  let secrets: Secrets = {}
  let signing: SigningKeys = { keys: [], findings: [] }
  let introspection: IntrospectionClients = { clients: [], findings: [] }
  let store: StoreFiles = { secret: [], findings: [] }
  let upstreamFiles: UpstreamFiles = { contents: new Map(), findings: [] }
  if (file !== undefined && file.faults.length > 0) {
    for (const { position, ...finding } of file.faults) {
      problems.push(problemAt(finding, { source: sources.file ?? '', ...position }))
    }
  } else {
    written = applyOverlays(file?.value ?? {}, overlays)
    const parsed = configSchema.safeParse(written)
    settings = parsed.data
    const findings = parsed.success ? [] : parsed.error.issues.flatMap(findingsOf)
    if (isJsonObject(written)) {
      findings.push(...crossCheck(written))
      const base = (path: SettingPath): string => baseOf(path, sources.file, overlays)
      const nameAt = (path: SettingPath, name: string): string => resolve(base(path), name)
      secrets = await readSecrets(written, nameAt, onFile)
      introspection = await readIntrospectionClients(written, nameAt, onFile)
      signing = await readSigningKeys(written, nameAt, onFile)
      store = await readStoreFiles(written, nameAt, onFile)
      upstreamFiles = await readUpstreamFiles(written, base)
      findings.push(
        ...(secrets.findings ?? []),
        ...signing.findings,
        ...introspection.findings,
        ...store.findings,
        ...upstreamFiles.findings,
      )
    }
    problems.push(...findings.map(placed))
  }
  problems.sort(byPlace)
  for (const { source, ...finding } of environment.findings) {
    problems.push(problemAt(finding, { source }))
  }
  const proxy = settings === undefined ? null : outgoingProxyOf(settings, sources.env ?? {})
  if (proxy !== null && 'problem' in proxy) problems.push(proxy.problem)
  if (settings === undefined || problems.length > 0) throw new ConfigError(problems)
  const completed = complete(
    settings,
    { ...secrets, signing, introspection, store },
    upstreamFiles,
    isJsonObject(written) && 'listen' in written,
  )
  const origins = findOrigins(isJsonObject(written) ? written : {}, completed, (path) =>
    placed({ path, message: '' }),
  )
  if (proxy === null || 'problem' in proxy) return withOrigins(completed, origins)
  const config = { ...completed, verifier: { ...completed.verifier, proxy: proxy.url } }
  return withOrigins(config, { ...origins, 'verifier.proxy': proxy.variable })
}

/** Makes the function that finds out in which flag, variable or line a finding stands. */
function placer(
  file: ConfigFile | undefined,
  fileName: string | undefined,
  overlays: readonly Overlay[],
): (finding: Finding) => ConfigProblem {
  return (finding) => {
    const overlay = overlays.findLast(({ path }) =>
      path.every((key, at) => finding.path[at] === key),
    )
    if (overlay !== undefined) return problemAt(finding, { source: overlay.source })
    if (file === undefined || fileName === undefined) {
      return problemAt(finding, { source: 'configuration' })
    }
    const position = file.positionOf(finding.path, finding.atKey)
    return problemAt(finding, { source: fileName, ...position })
  }
}

interface SchemaIssue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function findingsOf(issue: SchemaIssue): Finding[] {
  const path = issue.path as SettingPath
  if (issue.code === 'unrecognized_keys') {
    const { keys } = issue as SchemaIssue & { keys: readonly string[] }
    const messages = issue.message.split('\n')
    return keys.map((key, index) => ({
      path: [...path, key],
      message: messages[index] ?? '',
      atKey: true,
    }))
  }
  const ways = issue.message === 'is missing' ? waysToGive(path) : ''
  const message =
    ways === '' ? issue.message : `is missing; set it in a configuration file, or by ${ways}`
  return [{ path, message: message + unitHint(path, message) }]
}

async function readSecrets(
  written: Record<string, unknown>,
  nameAt: (path: SettingPath, name: string) => string,
  onFile: (name: string) => void,
): Promise<Secrets> {
  const section = verifierSectionOf(written) ?? 'onezone'
  const verifier = isJsonObject(written[section]) ? written[section] : {}
  const findings: Finding[] = []
  const read = async (
    path: SettingPath,
    name: unknown,
    reader: (name: string) => Promise<string>,
  ): Promise<string | undefined> => {
    if (typeof name !== 'string' || name === '') return undefined
    try {
      const file = nameAt(path, name)
      onFile(file)
      return await reader(file)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      findings.push({ path, message: error.message })
      return undefined
    }
  }
  const fieldValues = new Map<string, string>()
  for (const [index, route] of listAt(written, 'routes').entries()) {
    if (!isJsonObject(route)) continue
    for (const [name, value] of Object.entries(groupAt(route, 'upstreamHeaders'))) {
      const path = ['routes', index, 'upstreamHeaders', name, 'file']
      const content = isJsonObject(value)
        ? await read(path, value['file'], readFieldValue)
        : undefined
      if (content !== undefined) fieldValues.set(`${index} ${name}`, content)
    }
  }
  const ofVerifier = async (key: string, reader: (name: string) => Promise<string>) =>
    read([section, key], verifier[key], reader)
  return {
    ca: await ofVerifier('caFile', readCertificates),
    apiToken: await ofVerifier('apiTokenFile', readSecret),
    serviceToken: await ofVerifier('serviceTokenFile', readServiceToken),
    watchToken: await ofVerifier('watchTokenFile', readSecret),
    adminToken: await read(['adminTokenFile'], written['adminTokenFile'], readSecret),
    tls: await tryTls(written['tls'], ['tls'], nameAt, findings),
    fieldValues,
    askedTls: await tryTls(
      groupAt(written, 'forwardAuth')['tls'],
      ['forwardAuth', 'tls'],
      nameAt,
      findings,
    ),
    findings,
  }
}

/** The TLS files by their full names; they are read again by whoever uses them. */
async function tryTls(
  tls: unknown,
  path: SettingPath,
  nameAt: (path: SettingPath, name: string) => string,
  findings: Finding[],
): Promise<TlsFiles | undefined> {
  if (!isJsonObject(tls)) return undefined
  const nameOf = (group: Record<string, unknown>, key: string): string | undefined => {
    const name = group[key]
    // Those of a list have no variables: all are relative to where `tls` was given.
    return typeof name === 'string' && name !== '' ? nameAt([...path, key], name) : undefined
  }
  const pairOf = (group: unknown): KeyPairFiles | undefined => {
    if (!isJsonObject(group)) return undefined
    const [certFile, keyFile] = [nameOf(group, 'certFile'), nameOf(group, 'keyFile')]
    return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile }
  }
  const pair = pairOf(tls)
  const others = Array.isArray(tls['certificates']) ? tls['certificates'].map(pairOf) : undefined
  if (pair === undefined || others?.includes(undefined)) return undefined
  const certificates = others?.filter((other) => other !== undefined)
  const clientCaFile = nameOf(tls, 'clientCaFile')
  const files = { ...pair, ...(certificates && { certificates }), clientCaFile }
  const read = await readTlsFiles(files)
  if (Array.isArray(read)) {
    for (const { setting, message } of read as readonly TlsFileProblem[]) {
      findings.push({ path: [...path, ...setting], message })
    }
  }
  return files
}

function baseOf(path: SettingPath, file: string | undefined, overlays: readonly Overlay[]): string {
  const overlaid = overlays.some((overlay) => overlay.path.join('.') === path.join('.'))
  return overlaid || file === undefined ? '.' : dirname(file)
}
