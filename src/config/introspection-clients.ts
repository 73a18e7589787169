import { isJsonObject } from '../json.ts'
import type { Finding, SettingPath } from './problems.ts'
import { readSecret } from './secret-file.ts'
import { groupAt, listAt, type Written } from './written.ts'

/** A party that may ask about tokens. */
export interface IntrospectionClient {
  /** Name that it gives as `client_id`. */
  readonly id: string
  /** Content of `secretFile`. */
  readonly secret: string
}

/** Such parties, as far as their secrets could be read. */
export interface IntrospectionClients {
  readonly clients: readonly IntrospectionClient[]
  readonly findings: readonly Finding[]
}

/** Reads the secrets of all clients. */
export async function readIntrospectionClients(
  config: Written,
  nameAt: (path: SettingPath, name: string) => string,
  onFile: (name: string) => void,
): Promise<IntrospectionClients> {
  const clients: IntrospectionClient[] = []
  const findings: Finding[] = []
  const at: SettingPath = ['forwardAuth', 'introspection', 'clients']
  const written = listAt(groupAt(groupAt(config, 'forwardAuth'), 'introspection'), 'clients')
  for (const [index, client] of written.entries()) {
    const { id, secretFile } = isJsonObject(client) ? client : {}
    if (typeof id !== 'string' || typeof secretFile !== 'string' || secretFile === '') continue
    const path = [...at, index, 'secretFile']
    const file = nameAt(path, secretFile)
    onFile(file)
    try {
      clients.push({ id, secret: await readSecret(file) })
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      findings.push({ path, message: error.message })
    }
    if (clients.slice(0, -1).some((other) => other.id === id)) {
      findings.push({ path: [...at, index, 'id'], message: 'is the id of another client already' })
    }
  }
  return { clients, findings }
}
