import { isDeepStrictEqual } from 'node:util'

import type { Logger } from '../logger.ts'
import type { TlsFileProblem, TlsFiles, TlsMaterial } from './tls-files.ts'
import { readTlsFiles } from './tls-files.ts'

/** Keeps the certificate and key of a listener: the last ones that could be used. */
export interface TlsKeeper {
  readonly material: TlsMaterial
  /**
   * Reads the files again, these or those of the last time. What cannot be used changes nothing but the log.
   *
   * @returns Whether there is other material now.
   */
  reload(files?: TlsFiles): Promise<boolean>
}

/** How long before its end a certificate is warned of. */
const SHORT_MS = 7 * 24 * 3_600_000

/**
 * Reads certificate and key for the first time.
 *
 * @throws {TypeError} where they cannot be used.
 */
export async function createTlsKeeper(first: TlsFiles, logger: Logger): Promise<TlsKeeper> {
  let files = first
  const initial = await readTlsFiles(files)
  if (isRefused(initial)) throw new TypeError(initial.map(describe).join('\n'))
  let material = initial
  warnOfEnd(material, logger)
  let reading: Promise<unknown> = Promise.resolve()

  async function reload(next: TlsFiles): Promise<boolean> {
    files = next
    const read = await readTlsFiles(files)
    if (isRefused(read)) {
      for (const problem of read) {
        logger.error({ setting: nameOf(problem) }, `${describe(problem)}; the old ones stay`)
      }
      return false
    }
    if (isDeepStrictEqual(read, material)) return false
    material = read
    logger.info({ validUntil: new Date(read.validUntilMs) }, 'the TLS certificate was read anew')
    warnOfEnd(material, logger)
    return true
  }

  return {
    get material() {
      return material
    },
    reload(next) {
      const reloaded = reading.then(() => reload(next ?? files))
      reading = reloaded.catch(() => {})
      return reloaded
    },
  }
}

function isRefused(
  read: TlsMaterial | readonly TlsFileProblem[],
): read is readonly TlsFileProblem[] {
  return Array.isArray(read)
}

function describe(problem: TlsFileProblem): string {
  return `${nameOf(problem)} ${problem.message}`
}

function nameOf({ setting }: TlsFileProblem): string {
  return ['tls', ...setting].join('.')
}

function warnOfEnd({ validUntilMs }: TlsMaterial, logger: Logger): void {
  if (validUntilMs - Date.now() > SHORT_MS) return
  const validUntil = new Date(validUntilMs)
  logger.warn({ validUntil }, 'the TLS certificate has ended, or will within a week; renew it')
}
