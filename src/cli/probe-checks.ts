import { createHeaderPolicy } from '../authenticator/index.ts'
import type { Echoed, Probed } from './probe-request.ts'

/** One question to a front proxy, and what its answer shows. */
export interface ProbeCheck {
  /** What is protected against, as a short name. */
  readonly name: string
  /** Fields of the request: name, value, name, value … */
  readonly fields: readonly string[]
  /** Whether it carries the token. */
  readonly withToken: boolean
  /** What is missing, and what to do; null: nothing. */
  readonly judge: (probed: Probed) => string | null
}

/** Marks what was forged, so that it is known wherever it turns up. */
export const NONCE = 'onegate-probe-forged'

/** Of the range for documentation (RFC 5737): no client has it. */
const FORGED_ADDRESS = '203.0.113.77'

const NAMES = createHeaderPolicy().names

const SUBJECT_ID = 'x-onedata-subject-id'

/** A target that no strict reader takes: whoever believes it must refuse the request. */
const UNREADABLE = 'not-a-target'

const isSaid = (echo: Echoed, value: string): string | undefined =>
  Object.keys(echo.headers).find((name) => echo.headers[name]?.includes(value))

/** Everything that is asked, in order. The first two show whether the rest can mean anything. */
export function probeChecks(token: string): readonly ProbeCheck[] {
  const bearer = ['Authorization', `Bearer ${token}`]
  return [
    {
      name: 'a request without a token',
      fields: [],
      withToken: false,
      judge: ({ status }) =>
        status < 300
          ? 'It passes. The proxy does not ask onegate about this URL, or its route is public: probe one that is not.'
          : status === 401
            ? null
            : `It gets ${status}, where 401 is meant: the true status is lost on its way.`,
    },
    {
      name: 'a request with the token',
      fields: bearer,
      withToken: true,
      judge: judgePlain,
    },
    {
      name: 'a request with a bad token',
      fields: ['Authorization', 'Bearer nonsense'],
      withToken: false,
      judge: ({ status }) => (status < 300 ? 'It passes: nobody looks at the token.' : null),
    },
    ...NAMES.flatMap((name) =>
      [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')].map((spelling): ProbeCheck => ({
        name: `forged ${spelling}`,
        fields: [...bearer, spelling, NONCE],
        withToken: true,
        judge({ echo }) {
          const said = echo === null ? undefined : isSaid(echo, NONCE)
          if (said === undefined) return null
          return `The upstream reads it in ${said}: set ${name} from onegate's answer, always, and let no other spelling of it pass.`
        },
      })),
    ),
    ...['X-Original-URL', 'X-Original-Method', 'X-Forwarded-Uri', 'X-Forwarded-Method'].map(
      (name): ProbeCheck => ({
        name: `forged ${name}`,
        fields: [...bearer, name, UNREADABLE],
        withToken: true,
        judge: ({ status }) =>
          status < 300
            ? null
            : `The request is refused (${status}), so onegate was asked about what the client wrote there: set ${name} in the question to what was really asked for.`,
      }),
    ),
    {
      name: 'forged X-Forwarded-For',
      fields: [...bearer, 'X-Forwarded-For', FORGED_ADDRESS, 'X-Real-IP', FORGED_ADDRESS],
      withToken: true,
      judge: judgeAddress,
    },
    {
      name: 'unreadable X-Forwarded-For',
      fields: [...bearer, 'X-Forwarded-For', UNREADABLE],
      withToken: true,
      judge: ({ status }) =>
        status < 300
          ? null
          : `The request is refused (${status}), so onegate takes the client's address from the client: set X-Forwarded-For in the question to the address of the connection.`,
    },
    ...[NAMES.join(', '), `close, ${NAMES.join(', ')}`].map((value, at): ProbeCheck => ({
      name: `Connection: ${at === 0 ? '' : 'close, '}X-Onedata-Subject-Id, …`,
      fields: [...bearer, 'Connection', value],
      withToken: true,
      judge: ({ echo }) =>
        echo === null || echo.headers[SUBJECT_ID]
          ? null
          : 'The client can take the identity away from its request: drop its Connection field before the identity fields are set.',
    })),
  ]
}

function judgePlain({ status, echo }: Probed): string | null {
  if (status >= 300) {
    return `It gets ${status}: the proxy does not reach onegate, its question is not what onegate reads, or the token is not good here.`
  }
  if (echo === null) return 'Something else than "onegate echo" answers: put it behind the proxy.'
  if (!echo.headers[SUBJECT_ID]) {
    return "The upstream is not told who asks: copy the X-Onedata fields of onegate's answer to the request."
  }
  const [credential] = echo.credentials
  return credential === undefined
    ? null
    : `The upstream sees the token in ${credential}: remove Authorization, X-Auth-Token, Macaroon and X-Onedata-Consumer-Token.`
}

function judgeAddress({ status, echo }: Probed): string | null {
  if (status >= 300 || echo === null) return null
  for (const [name, value] of Object.entries(echo.headers)) {
    const last = value.split(',').at(-1)?.trim()
    if (last !== FORGED_ADDRESS) continue
    return `The upstream reads the address that the client made up in ${name}: set or remove that field.`
  }
  return null
}
