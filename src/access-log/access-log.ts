import type { LineSink } from '../line-sink.ts'
import { openLineSink } from '../line-sink.ts'
import type { Logger } from '../logger.ts'
import type { RequestEvent } from '../proxy/index.ts'
import type { AccessLogOptions } from './access-log-options.ts'
import { requestLine } from './request-line.ts'

/** One line of JSON for each request that is wanted, when its response has ended. */
export interface AccessLog {
  readonly onRequest: (event: RequestEvent) => void
  /** How many lines were lost so far. */
  readonly dropped: number
  /** Goes over to other options, which may be the same: a file is opened anew in any case. */
  change(options: AccessLogOptions | undefined): void
  close(): void
}

/**
 * Makes the access log. Writing never holds anything up; what cannot be written in time is lost and counted.
 *
 * @param options Without them nothing is written.
 * @param logger Told where it cannot be opened.
 */
export function createAccessLog(options: AccessLogOptions | undefined, logger: Logger): AccessLog {
  let current = options
  let sink: LineSink | null = null
  let lost = 0
  let failed = false

  function open(to: string): LineSink | null {
    if (failed) return null
    try {
      return openLineSink({ to: to === 'stdout' ? 1 : to })
    } catch (error) {
      failed = true
      const { code } = error as NodeJS.ErrnoException
      logger.error(
        { accessLog: to, cause: code },
        'the access log cannot be opened; lines are lost',
      )
      return null
    }
  }

  return {
    onRequest(event) {
      if (current === undefined || current.to === 'none' || !isWanted(event, current)) return
      // Not before there is a line: the process that carries no traffic needs no file.
      sink ??= open(current.to)
      if (sink === null) lost++
      else sink.write(requestLine(event, Date.now(), current.query))
    },
    get dropped() {
      return lost + (sink?.dropped ?? 0)
    },
    change(next) {
      lost += sink?.dropped ?? 0
      sink?.close()
      sink = null
      failed = false
      current = next
    },
    close() {
      lost += sink?.dropped ?? 0
      sink?.close()
      sink = null
    },
  }
}

function isWanted({ status, trace }: RequestEvent, { only, sample }: AccessLogOptions): boolean {
  if (only === 'errors') return status >= 500
  if (trace.answer !== null) return true
  return only === 'all' && (sample === 1 || Math.random() < sample)
}
