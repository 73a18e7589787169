import { connect } from 'node:net'

/** What came back on one connection. */
export interface Received {
  /** Status of each response, in order. */
  readonly statuses: readonly number[]
  /** Everything that was received. */
  readonly text: string
  /** Whether the other side ended the connection. */
  readonly closed: boolean
}

export interface ExchangeOptions {
  /** How many responses are waited for. @default 1 */
  readonly responses?: number | undefined
  /** Whether it is waited for the end of the connection, whatever came before. @default false */
  readonly closes?: boolean | undefined
  /** Address of this side. @default any */
  readonly from?: string | undefined
  /** @default '127.0.0.1' */
  readonly to?: string | undefined
}

/** What must not come is waited for so long behind what must. */
const QUIET_MS = 60
const LONGEST_MS = 30_000

const STATUS_LINE = /HTTP\/1\.1 (\d{3}) /g

/** Sends bytes on a connection of their own, and waits for so many responses, or for its end. */
export function exchange(
  port: number,
  bytes: string | readonly string[],
  { responses = 1, closes = false, from, to = '127.0.0.1' }: ExchangeOptions = {},
): Promise<Received> {
  return new Promise((resolve) => {
    let text = ''
    let quiet: NodeJS.Timeout | undefined
    const statuses = (): number[] => [...text.matchAll(STATUS_LINE)].map(([, code]) => Number(code))
    const socket = connect({
      port,
      host: to,
      ...(from === undefined ? {} : { localAddress: from }),
    })
    const finish = (closed: boolean): void => {
      clearTimeout(quiet)
      clearTimeout(longest)
      socket.destroy()
      resolve({ text, closed, statuses: statuses() })
    }
    const longest = setTimeout(finish, LONGEST_MS, false)
    socket.on('error', () => {})
    socket.on('close', () => finish(true))
    socket.on('end', () => finish(true))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      clearTimeout(quiet)
      if (!closes && statuses().length >= responses) quiet = setTimeout(finish, QUIET_MS, false)
    })
    for (const part of typeof bytes === 'string' ? [bytes] : bytes) socket.write(part, 'latin1')
  })
}

/** Sends a request whose connection ends with its response. */
export function ask(port: number, request: string, options?: ExchangeOptions): Promise<Received> {
  const closing = request.replace('\r\n', '\r\nConnection: close\r\n')
  return exchange(port, closing, { ...options, closes: true })
}
