import { asciiJson } from '../json.ts'
import type { AnswerCode, AnswerRow } from './answers.ts'
import { ANSWER_ROWS } from './answers.ts'
import { challengesFor } from './challenges.ts'
import { onedataErrorOf } from './onedata-error.ts'
import { PAGE_POLICY, refusalPage } from './refusal-page.ts'
import { isCurable } from './token-form.ts'

/** What a client is told instead of being let through. */
export interface Answer {
  readonly status: number
  readonly code: AnswerCode
  /** Values of `WWW-Authenticate`; most often one. */
  readonly challenges: readonly string[]
  /** Value of `Retry-After` in seconds, or null. */
  readonly retryAfterSeconds: number | null
  /** Type of the caveat that the answer is about, or null. */
  readonly caveat: string | null
  /** Value of `X-Request-Id`, or null. */
  readonly requestId: string | null
  /** What exactly is wrong, in a sentence. */
  readonly detail: string
  /** Whether the body is a page for people. */
  readonly isPage: boolean
  /** The `application/problem+json` document (RFC 9457), as text; or the page. */
  readonly body: string
  /** The document, whatever the body is, as a header field can carry it. */
  readonly problem: string
}

/** What is known about one case beyond its code. */
export interface AnswerCase {
  /** Protection space named in challenges (RFC 9110 §11.5). @default 'onedata' */
  readonly realm?: string | undefined
  /** Whether a token can also be sent as the password of Basic (RFC 7617). @default false */
  readonly offersBasic?: boolean | undefined
  /** Type of the caveat that the answer is about, e.g. `ip`. */
  readonly caveat?: string | null | undefined
  /** Scopes that are demanded, as `scope` of the challenge (RFC 6750 §3). */
  readonly scopes?: readonly string[] | undefined
  /** Says what exactly is wrong, in place of the row's own sentence. */
  readonly detail?: string | undefined
  /** Id of the request that is answered. @default none */
  readonly requestId?: string | undefined
  /** Link to where a token that passes can be made; told where another token would help. @default none */
  readonly tokenForm?: string | null | undefined
  /** Whether the client would rather have a page than a document. @default false */
  readonly page?: boolean | undefined
  /** Overrides the row's own `Retry-After`. */
  readonly retryAfterSeconds?: number | undefined
}

/** Makes the answer for a code. Of what the client sent it carries the few bytes at most that `detail` names. */
export function answerFor(code: AnswerCode, about: AnswerCase = {}): Answer {
  const row = ANSWER_ROWS[code]
  const { status } = row
  const detail = about.detail ?? row.detail
  const caveat = about.caveat || null
  const requestId = about.requestId ?? null
  const tokenForm = isCurable(code, caveat) ? (about.tokenForm ?? null) : null
  const told = { detail, caveat, requestId, tokenForm }
  const document = documentOf(code, row, told)
  const retryAfterSeconds = Math.max(1, about.retryAfterSeconds ?? row.retryAfterSeconds ?? 0)
  return {
    status,
    code,
    challenges: challengesFor(row, about),
    retryAfterSeconds: row.retryAfterSeconds === undefined ? null : retryAfterSeconds,
    caveat,
    requestId,
    detail,
    isPage: about.page === true,
    body: about.page === true ? refusalPage({ title: row.title, code, ...told }) : document,
    problem: asciiJson(document),
  }
}

interface Told {
  readonly detail: string
  readonly caveat: string | null
  readonly requestId: string | null
  readonly tokenForm: string | null
}

function documentOf(code: AnswerCode, { status, title }: AnswerRow, told: Told): string {
  const { detail, caveat, requestId, tokenForm } = told
  return JSON.stringify({
    type: `urn:onegate:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...(caveat === null ? {} : { caveat }),
    ...(requestId === null ? {} : { requestId }),
    ...(tokenForm === null ? {} : { tokenForm }),
    error: onedataErrorOf(code, { status, detail, caveat, requestId }),
  })
}

/** Header fields that go with an answer, as `[name, value]` pairs. */
export function answerHeaders(answer: Answer): [name: string, value: string][] {
  const headers: [string, string][] = [
    ['Content-Type', answer.isPage ? 'text/html; charset=utf-8' : 'application/problem+json'],
    ['Cache-Control', 'no-store'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
  ]
  if (answer.isPage) headers.push(['Content-Security-Policy', PAGE_POLICY])
  for (const challenge of answer.challenges) headers.push(['WWW-Authenticate', challenge])
  if (answer.retryAfterSeconds !== null) {
    headers.push(['Retry-After', String(answer.retryAfterSeconds)])
  }
  if (answer.requestId !== null) headers.push(['X-Request-Id', answer.requestId])
  return headers
}
