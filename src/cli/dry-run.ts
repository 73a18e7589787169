import type { OnezoneClientOptions } from '../onezone/index.ts'
import type { OptionSpec } from './arguments.ts'
import { printable, type Terminal } from './terminal.ts'

/** Flag of commands that can show what they would send. */
export const DRY_RUN_OPTION: OptionSpec = {
  help: 'Print the first request that would be sent, with secrets masked, and send nothing.',
}

/** What stands for a secret. */
const MASK = '•••'

/** Members of bodies that are tokens. */
const SECRET_MEMBERS = ['token', 'consumerToken', 'serviceToken']

/** Fields that carry credentials. */
const SECRET_FIELDS =
  /^(?:x-auth-token|authorization|x-onedata-service-token|x-onedata-consumer-token)$/i

/** A request as it is shown. */
interface PlannedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Takes the first request in place of the network, and sends none. */
export interface RequestRecorder {
  readonly dispatcher: NonNullable<OnezoneClientOptions['dispatcher']>
  /** Prints what was taken. False: there was no request. */
  print(terminal: Terminal, asJson: boolean): boolean
}

/** Makes the recorder for a client of the Onezone at this URL. */
export function createRequestRecorder(url: string): RequestRecorder {
  let planned: PlannedRequest | null = null

  const dispatch = (given: object): never => {
    const { method, path, headers, body } = given as Readonly<Record<string, unknown>>
    planned ??= {
      method: String(method),
      url: new URL(String(path), url).href,
      headers: masked((headers ?? {}) as Record<string, string>),
      body: maskedBody(body),
    }
    throw new Error('nothing is sent in a dry run')
  }
  // Of a dispatcher a client uses no more than this.
  const dispatcher = { dispatch, close: async () => {}, destroy: async () => {} }

  return {
    dispatcher: dispatcher as object as RequestRecorder['dispatcher'],
    print(terminal, asJson) {
      if (planned === null) return false
      if (asJson) terminal.print(JSON.stringify(planned))
      else {
        terminal.print(printable(`${planned.method} ${planned.url}`))
        for (const [name, value] of Object.entries(planned.headers)) {
          terminal.print(printable(`${name}: ${value}`))
        }
        if (planned.body !== null) terminal.print(`\n${JSON.stringify(planned.body)}`)
      }
      return true
    },
  }
}

function masked(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, SECRET_FIELDS.test(name) ? MASK : value]),
  )
}

function maskedBody(body: unknown): unknown {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return null
  return JSON.parse(String(body), (name, value: unknown) =>
    SECRET_MEMBERS.includes(name) && typeof value === 'string' ? MASK : value,
  ) as unknown
}
