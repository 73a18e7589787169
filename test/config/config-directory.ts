import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { mint } from '../helpers/tokens.ts'

/** An identity token of a Oneprovider's service. */
export const SERVICE_TOKEN: string = mint({
  subject: { type: 'oneprovider', id: 'p1' },
  type: { identityToken: {} },
})

/** Makes a directory with files in it that is gone after the test. Returns its path. */
export async function directoryWith(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'onegate-config-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  return directory
}
