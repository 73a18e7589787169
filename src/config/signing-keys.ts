import type { SigningKey } from '../assertion/index.ts'
import { keyOfThisProcess, readSigningKey } from '../assertion/index.ts'
import { isJsonObject } from '../json.ts'
import type { GatewayConfig } from './gateway-config.ts'
import type { Finding, SettingPath } from './problems.ts'
import { readText } from './secret-file.ts'
import type { Written } from './written.ts'

/** What signs, as far as it could be read. */
export interface SigningKeys {
  readonly keys: readonly SigningKey[]
  readonly findings: readonly Finding[]
}

/** A configuration that was loaded elsewhere, with the key of this process where it names no files of keys. */
export async function withKeyOfThisProcess(config: GatewayConfig): Promise<GatewayConfig> {
  const { assertion } = config
  if (assertion === undefined || assertion.keysLast) return config
  return { ...config, assertion: { ...assertion, keys: [await keyOfThisProcess()] } }
}

/** Reads the keys that a configuration names; where it names none, this process has one of its own. */
export async function readSigningKeys(
  { assertion }: Written,
  nameAt: (path: SettingPath, name: string) => string,
  onFile: (name: string) => void,
): Promise<SigningKeys> {
  if (!isJsonObject(assertion)) return { keys: [], findings: [] }
  const { keyFiles } = assertion
  if (keyFiles === undefined) return { keys: [await keyOfThisProcess()], findings: [] }
  const keys: SigningKey[] = []
  const findings: Finding[] = []
  for (const [index, name] of (Array.isArray(keyFiles) ? keyFiles : []).entries()) {
    if (typeof name !== 'string' || name === '') continue
    const path = ['assertion', 'keyFiles', index]
    const file = nameAt(path, name)
    onFile(file)
    try {
      const key = await readSigningKey(await readText(file))
      if (keys.some(({ kid }) => kid === key.kid)) {
        throw new TypeError('names a key that is in the list already; remove it')
      }
      keys.push(key)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const { message } = error
      findings.push({ path, message: message.replace(/^must hold/, 'names a file that must hold') })
    }
  }
  return { keys, findings }
}
