import type { Dispatcher } from 'undici'

import type { PresentedToken } from '../../../src/token/index.ts'
import { opaqueToken, parseToken } from '../../../src/token/index.ts'
import type { Question } from '../../../src/verifier/index.ts'
import type { Objection } from './onezone-law.ts'
import { objectionsTo } from './onezone-law.ts'
import type { Random } from './random.ts'
import type { SimulatedTime } from './simulated-time.ts'
import type { History, World } from './world.ts'
import { onezoneNowMs } from './world.ts'

/** What goes wrong on the way to Onezone, or there. */
export type Trouble = 'none' | 'lost' | 'reset' | 'refused' | 'status' | 'page'

/** The way to Onezone as it is now. */
export interface Network {
  readonly thereMs: number
  readonly backMs: number
  /** How much longer each way may take. */
  readonly jitterMs: number
  readonly trouble: Trouble
  /** How many of the calls meet it, from 0 to 1. */
  readonly share: number
}

/** A call to Onezone: a verification, or a reading of the watch. */
export interface Call {
  /** When it was sent; a second attempt counts from the first. */
  readonly askedAtMs: number
  /** Null for a reading. */
  readonly question: Question | null
  /** What a reading is about. */
  readonly path: string
  /** What was sent, as it was. */
  readonly body: string
}

/** What came of a call. */
export interface Outcome {
  /** When Onezone looked. */
  readonly judgedAtMs: number
  /** Null: yes, or a reading. */
  readonly objection: Objection | null
  /** What a reading told: a generation, or whether a named token is revoked; null: there is no such thing. */
  readonly reading: { readonly generation: number } | { readonly revoked: boolean } | null
}

/** Told of all that goes over the wire. */
export interface WireWatcher {
  asked(call: Call): void
  answered(call: Call, outcome: Outcome): void
  /** There will be no answer that is one. */
  failed(call: Call, trouble: Trouble | 'poison'): void
}

export interface OnezoneServer {
  readonly dispatcher: Dispatcher
  network: Network
  /** Token texts about which it always answers 500. */
  readonly poison: Set<string>
  /** The token that the watch reads with; it may do so unless it is another. */
  watchToken: string
  /** Whether answers say when they were written. */
  readonly tellsDate: boolean
  /** By how much the clock behind that is ahead of Onezone’s own. */
  dateAheadMs: number
}

/** A second attempt follows the first at most so much later. */
const RETRY_MS = 150

interface Reply {
  readonly status: number
  readonly body: string
  readonly type?: string
}

const PREFIX = '/api/v3/onezone'
const LOOKUP = '/api/cluster/v2/tokens/lookup'
const KINDS: Readonly<Record<string, Question['kind']>> = {
  [`${PREFIX}/tokens/verify_access_token`]: 'access',
  [`${PREFIX}/tokens/verify_identity_token`]: 'identity',
  [`${PREFIX}/tokens/verify_invite_token`]: 'invite',
}

export interface OnezoneServerOptions {
  readonly time: SimulatedTime
  readonly chance: Random
  readonly history: History
  readonly watcher: WireWatcher
  readonly tellsDate: boolean
  readonly dateAheadMs: number
}

/** Onezone behind HTTP, and the look-up API too: all of the gateway’s own client runs before it. */
export function createOnezoneServer(options: OnezoneServerOptions): OnezoneServer {
  const { time, chance, history, watcher, tellsDate } = options
  const tokens = new Map<string, PresentedToken>()
  const poison = new Set<string>()
  /** The last attempt that failed, by what was sent. */
  const attempts = new Map<string, { readonly askedAtMs: number; readonly failedAtMs: number }>()

  const tokenOf = (text: string, isOpaque: boolean): PresentedToken => {
    const known = tokens.get(text)
    if (known !== undefined) return known
    const token = isOpaque ? opaqueToken(text) : parseToken(text)
    tokens.set(text, token)
    return token
  }

  const questionOf = (path: string, body: string): Question | null => {
    const isLookup = path === LOOKUP
    const kind = isLookup ? 'access' : KINDS[path]
    if (kind === undefined) return null
    const sent = JSON.parse(body) as Record<string, string | boolean | null | undefined>
    if (!isLookup && sent['peerIp'] === undefined) {
      throw new Error('The address of the client was not sent')
    }
    const { consumerToken } = sent
    return {
      token: tokenOf(String(sent['token']), isLookup),
      kind,
      peerIp: (sent['peerIp'] ?? null) as string | null,
      interface: (sent['interface'] ?? null) as Question['interface'],
      consumerToken: typeof consumerToken === 'string' ? tokenOf(consumerToken, false) : null,
      allowDataAccessCaveats: sent['allowDataAccessCaveats'] === true,
      inviteType: (sent['expectedInviteType'] ?? null) as Question['inviteType'],
    }
  }

  const judge = (call: Call): { reply: Reply; outcome: Outcome; date: string } => {
    const judgedAtMs = time.nowMs
    const { question, path } = call
    const world = history.now
    const date = new Date(onezoneNowMs(world, judgedAtMs) + server.dateAheadMs).toUTCString()
    if (question === null) {
      const reading = readingOf(world, path)
      const outcome = { judgedAtMs, objection: null, reading }
      return {
        reply:
          reading === null
            ? { status: 404, body: '{"error":{"id":"notFound"}}' }
            : { status: 200, body: JSON.stringify(reading) },
        outcome,
        date,
      }
    }
    const first = objectionsTo(world, judgedAtMs, question).next()
    const objection = first.done === true ? null : first.value
    const outcome = { judgedAtMs, objection, reading: null }
    if (path === LOOKUP) return { reply: lookupReply(world, question), outcome, date }
    const reply =
      objection === null
        ? { status: 200, body: acceptance(world, judgedAtMs, question) }
        : { status: 400, body: JSON.stringify({ error: objection.error }) }
    return { reply, outcome, date }
  }

  const dispatch: Dispatcher['dispatch'] = ({ path, body, headers }, handler) => {
    const { thereMs, backMs, jitterMs, trouble, share } = server.network
    const key = `${path} ${typeof body === 'string' ? body : ''}`
    const before = attempts.get(key)
    const isRepeated = before !== undefined && time.nowMs - before.failedAtMs <= RETRY_MS
    const call: Call = {
      askedAtMs: isRepeated ? before.askedAtMs : time.nowMs,
      question: questionOf(path, typeof body === 'string' ? body : ''),
      path,
      body: typeof body === 'string' ? body : '',
    }
    watcher.asked(call)
    let aborted = false
    let ended = false
    const controller = {
      abort: () => {
        aborted = true
        if (!ended) fail('lost')
      },
      pause() {},
      resume() {},
      aborted: false,
      paused: false,
      reason: null,
    } as unknown as Dispatcher.DispatchController
    const fail = (why: Trouble | 'poison'): void => {
      if (ended) return
      ended = true
      attempts.set(key, { askedAtMs: call.askedAtMs, failedAtMs: time.nowMs })
      watcher.failed(call, why)
    }
    const isPoisoned = call.question !== null && poison.has(call.question.token.serialized)
    const met = chance.chance(share) ? trouble : 'none'
    const wayMs = thereMs + chance.next() * jitterMs
    const returnMs = backMs + chance.next() * jitterMs

    if (met === 'refused') {
      time.schedule(wayMs, () => {
        if (ended) return
        fail(met)
        handler.onResponseError?.(
          controller,
          Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
        )
      })
      return true
    }
    handler.onRequestStart?.(controller, {})
    if (met === 'lost') {
      // Nothing comes back: it is for the client to lose its patience.
      return true
    }
    time.at(time.nowMs + wayMs, () => {
      const judged = judge(call)
      const arrive = (): void => {
        if (aborted) return
        if (met === 'reset') {
          fail(met)
          handler.onResponseError?.(
            controller,
            Object.assign(new Error('no'), { code: 'ECONNRESET' }),
          )
          return
        }
        let { reply } = judged
        if (met === 'status') reply = { status: 503, body: '{"error":{"id":"serviceUnavailable"}}' }
        if (met === 'page') reply = { status: 200, body: '<html>', type: 'text/html' }
        if (isPoisoned) reply = { status: 500, body: '{"error":{"id":"internalServerError"}}' }
        if (call.question === null && isForeign(headers, server.watchToken)) {
          reply = { status: 401, body: '{"error":{"id":"unauthorized"}}' }
        }
        if (met !== 'none' || isPoisoned) fail(isPoisoned ? 'poison' : met)
        else {
          ended = true
          watcher.answered(call, judged.outcome)
        }
        handler.onResponseStarted?.()
        const { date } = judged
        const sent = {
          'content-type': reply.type ?? 'application/json',
          ...(tellsDate ? { date } : {}),
        }
        handler.onResponseStart?.(controller, reply.status, sent, '')
        handler.onResponseData?.(controller, Buffer.from(reply.body))
        handler.onResponseEnd?.(controller, {})
      }
      time.schedule(returnMs, arrive)
    })
    return true
  }

  const server: OnezoneServer = {
    dispatcher: { dispatch } as Dispatcher,
    network: { thereMs: 0, backMs: 0, jitterMs: 0, trouble: 'none', share: 0 },
    poison,
    watchToken: 'watch-token',
    tellsDate,
    dateAheadMs: options.dateAheadMs,
  }
  return server
}

function isForeign(headers: unknown, watchToken: string): boolean {
  return !Object.values((headers ?? {}) as object).some(
    (value) => typeof value === 'string' && value.includes(watchToken),
  )
}

function readingOf(world: World, path: string): Outcome['reading'] {
  const named = /\/tokens\/named\/([^/]+)\/status$/.exec(path)?.[1]
  if (named !== undefined) {
    const record = world.named[decodeURIComponent(named)]
    return record === undefined ? null : { revoked: record.revoked }
  }
  const [, collection, id] = /\/(users|providers)\/([^/]+)\/tokens\//.exec(path) ?? []
  if (collection === undefined || id === undefined) throw new Error(`What is ${path}?`)
  // Also of one that does not exist: then it is 1 (Onezone API, §16).
  const subject = world.subjects[(collection === 'users' ? 'usr-' : 'prv-') + id]
  return { generation: subject?.generation ?? 1 }
}

function acceptance(world: World, atMs: number, { token }: Question): string {
  const nowSeconds = Math.floor(onezoneNowMs(world, atMs) / 1000)
  // A version 1 token does not say whose it is.
  const owner = token.subject.id === null ? (world.named[token.id ?? '']?.owner ?? '') : null
  const subject =
    owner === null
      ? token.subject
      : { type: owner.startsWith('usr-') ? 'user' : 'oneprovider', id: owner.slice(4) }
  // In whole numbers of any size, as Erlang does it.
  const ttl =
    token.validUntil === null ? 'null' : String(BigInt(token.validUntil) - BigInt(nowSeconds))
  return `{"subject":${JSON.stringify(subject)},"ttl":${ttl}}`
}

function lookupReply(world: World, { token }: Question): Reply {
  const record = world.lookups[token.serialized]
  return record === undefined || record.isGone
    ? { status: 404, body: '{"error":{"code":404,"message":"no"}}' }
    : { status: 200, body: JSON.stringify(record) }
}
