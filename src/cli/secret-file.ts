import { open, unlink } from 'node:fs/promises'
import type { OptionSpec } from './arguments.ts'
import { CommandFailure, isSystemError } from './failure.ts'

/** Flag of every command that gives out a token. */
export const OUTPUT_OPTION: OptionSpec = {
  value: 'FILE',
  help: 'Write the token into this new file, which only you may read, instead of printing it.',
}

/** A new file for a secret. */
export interface SecretFile {
  /** Writes the secret and closes the file. */
  write(secret: string): Promise<void>
  /** Removes the file: there is no secret. */
  discard(): Promise<void>
}

/**
 * Opens a new file that nobody but its owner may read, before there is a secret that could be lost.
 *
 * @throws {CommandFailure} where it exists already or cannot be made.
 */
export async function openSecretFile(file: string): Promise<SecretFile> {
  try {
    const handle = await open(file, 'wx', 0o600)
    return {
      async write(secret) {
        await handle.writeFile(`${secret}\n`)
        await handle.close()
      },
      async discard() {
        await handle.close()
        await unlink(file)
      },
    }
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new CommandFailure(
      error.code === 'EEXIST'
        ? 'the output file exists already; name a new one'
        : `cannot make the output file: ${error.code}`,
    )
  }
}

/** Writes the secret that `make` brings into a new file; no file stays where that fails. */
export async function writeSecretFile<Result>(
  file: string,
  make: () => Promise<Result>,
  secretOf: (result: Result) => string,
): Promise<Result> {
  const target = await openSecretFile(file)
  let result: Result
  try {
    result = await make()
  } catch (error) {
    await target.discard()
    throw error
  }
  await target.write(secretOf(result))
  return result
}
