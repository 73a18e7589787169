import type { Readable } from 'node:stream'

import type { Incoming, Outgoing } from '../listener/index.ts'
import { endInStages } from '../listener/index.ts'
import type { RequestRecord } from '../routing/index.ts'
import type { UpstreamController } from '../upstream/index.ts'
import { EventStream, hasLength, isEventStream } from './event-stream.ts'
import { writeInformation } from './informational.ts'
import type { Lease, OpenStreams } from './open-streams.ts'
import type { RequestTrace } from './request-trace.ts'
import { MAX_TEXT_BYTES } from './request-body.ts'
import type { ResponseFields } from './response-fields.ts'
import { hasBody, rawFieldsOf, responseFields } from './response-fields.ts'
import type { CompiledRoute } from './routes.ts'
import { breakOff } from './send-answer.ts'
import { responseSection } from './response-section.ts'
import { SlowReader } from './slow-reader.ts'
import { varyUnlessUnstored } from './vary.ts'

/** The request, and where its response goes. */
export interface DeliveryInput {
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly record: RequestRecord
  readonly route: CompiledRoute
  readonly streams: OpenStreams
  readonly trace: RequestTrace
}

/** What a delivery needs of its exchange. */
export interface DeliveryOwner {
  /** Told when all of the response has come. */
  onDelivered(): void
  /** Told when the response is ended here. */
  onGivenUp(): void
  /** The right to go on; null: it needs none. */
  lease(): Lease | null
}

/** How many informational responses are passed on before an answer. */
const MOST_INFORMATION = 16

/** One response on its way from the upstream to the client. */
export class Delivery {
  readonly #input: DeliveryInput
  /** What of the request may still be on its way; null: it has no body. */
  readonly #upload: Readable | null
  readonly #controller: UpstreamController
  readonly #owner: DeliveryOwner
  /** Null while its client keeps up. */
  #reader: SlowReader | null = null
  /** Whether more than the head of the response has come. */
  #started = false
  /** Length of the response's body as the upstream says it; -1: it does not. */
  #length = -1
  /** Whether the end of the connection is the end of the body. */
  #openEnded = false
  /** Set where the response goes on for as long as it likes. */
  #stream: EventStream | null = null
  #informed = 0

  constructor(
    input: DeliveryInput,
    upload: Readable | null,
    controller: UpstreamController,
    owner: DeliveryOwner,
  ) {
    this.#input = input
    this.#upload = upload
    this.#controller = controller
    this.#owner = owner
  }

  /** Whether the end of the connection is the end of the body. */
  get openEnded(): boolean {
    return this.#openEnded
  }

  /** Passes an informational response on. */
  inform(status: number): void {
    const { outgoing, record, route } = this.#input
    if (status === 101) {
      this.#controller.abort(new Error('the upstream switched protocols unasked'))
    } else if (status === 100) {
      if (record.continueOwed) outgoing.writeContinue()
    } else if (mayInform(record, route) && this.#informed++ < MOST_INFORMATION) {
      const rawFields = rawFieldsOf(this.#controller)
      writeInformation(outgoing, status, responseFields(rawFields, status, route.policy).fields)
    }
  }

  /** Sends the head. */
  begin(status: number): void {
    const { outgoing, record } = this.#input
    const { fields, delimited, length } = this.#readFields(status)
    this.#length = length
    this.#openEnded = !delimited || record.httpVersion === '1.0'
    if (!delimited && hasBody(status, record.method)) {
      // Nobody knows whether this body is complete when it ends, so chunks must not say that it is.
      outgoing.shouldKeepAlive = false
      outgoing.removeHeader('Transfer-Encoding')
    }
    outgoing.statusMessage = this.#controller.reasonPhrase ?? ''
    outgoing.writeHead(status, fields)
    if (status >= 200 && status < 300 && record.method !== 'HEAD' && isEventStream(fields)) {
      this.#beginStream(hasLength(fields))
    }
    // The body mostly comes in the same turn, and then both leave in one packet.
    process.nextTick(flushHead, this)
  }

  /** Writes the head as text, where both sides have it as that; false: nothing was written. */
  #writeSection(status: number, bodyLength: number | null): boolean {
    const { incoming, outgoing, route } = this.#input
    const { answer = null } = this.#controller
    if (answer === null || answer.section === null || outgoing.writeSection === undefined)
      return false
    if (route.cors !== null || !incoming.complete) return false
    const { fields, section } = answer
    const made = responseSection({ status, fields, section, bodyLength }, route.policy, route.vary)
    if (made === null) return false
    outgoing.writeSection(status, made)
    return true
  }

  #readFields(status: number): ResponseFields {
    const { incoming, outgoing, route } = this.#input
    // A client that is still sending cannot use the connection for another request.
    if (this.#upload !== null && !incoming.complete) outgoing.shouldKeepAlive = false
    const read = responseFields(rawFieldsOf(this.#controller), status, route.policy)
    if (route.vary !== '') varyUnlessUnstored(read.fields, route.vary)
    if (route.cors !== null) route.cors.apply(read.fields, incoming)
    return read
  }

  /** Sends the head of a response whose body is yet to come. */
  flushHead(): void {
    const { outgoing } = this.#input
    if (!this.#started && !outgoing.destroyed) outgoing.flushHeaders()
  }

  /** Sends all of a response at once. */
  deliverWhole(status: number, body: string): void {
    this.#started = true
    const { outgoing, record, trace } = this.#input
    trace.bytes += body.length
    outgoing.statusMessage = this.#controller.reasonPhrase ?? ''
    // Chunks were for this hop; where the length is known, it is said.
    const bodyLength = hasBody(status, record.method) ? body.length : null
    if (!this.#writeSection(status, bodyLength)) {
      const { fields, length } = this.#readFields(status)
      if (length === -1 && bodyLength !== null) fields.push('Content-Length', String(bodyLength))
      outgoing.writeHead(status, fields)
    }
    if (body !== '') this.#writeWhole(body)
    this.#owner.onDelivered()
    this.#finish()
  }

  /** Sends a part of the body. */
  pass(chunk: Buffer): void {
    const whole = !this.#started && chunk.length === this.#length
    this.#started = true
    this.#input.trace.bytes += chunk.length
    // Copies, because the transport reads into the same memory again.
    if (this.#stream?.held === true) return this.#stream.keep(Buffer.from(chunk))
    if (whole && chunk.length <= MAX_TEXT_BYTES) return this.#writeWhole(chunk.toString('latin1'))
    if (this.#input.outgoing.write(Buffer.from(chunk))) return
    this.#controller.pause()
    this.#awaitReader()
  }

  /**
   * Writes head and body as one text, and at once: one system call that copies, where two buffers would be gathered.
   *
   * @param body Latin-1 text of its bytes.
   */
  #writeWhole(body: string): void {
    const { outgoing } = this.#input
    outgoing.write(body, 'latin1')
    // Node corks until the end of the turn, to gather what else may come; nothing will.
    outgoing.socket?.uncork()
  }

  /** Ends the response, all of which has come. */
  end(): void {
    this.#started = true
    if (this.#stream?.held === true) return this.#stream.keepEnd(() => this.end())
    this.#owner.onDelivered()
    this.#stream?.ended('upstream')
    this.#finish()
  }

  /** Ends the response as complete. */
  #finish(): void {
    const { incoming, outgoing } = this.#input
    if (this.#upload !== null && !incoming.complete) {
      if (this.#controller.feedsOn !== true) this.#upload.destroy()
      endInStages(incoming, this.#upload)
    }
    outgoing.end()
    if (outgoing.writableLength > 0 && !outgoing.destroyed) this.#limitedReader().limit()
  }

  onUpstreamGone(): void {
    this.#stream?.ended('upstream')
  }

  onClientGone(): void {
    this.#reader?.forget()
    this.#stream?.ended('client')
  }

  #beginStream(isCounted: boolean): void {
    const { incoming, outgoing, route, streams } = this.#input
    const controller = this.#controller
    const stream = new EventStream({
      outgoing,
      hasLength: isCounted,
      pause: () => controller.pause(),
      resume: () => {
        if (outgoing.writableNeedDrain) this.#awaitReader()
        else controller.resume()
      },
      finish: () => {
        this.#owner.onGivenUp()
        controller.abort(new Error('the stream was ended'))
        if (!isCounted) this.#finish()
      },
      breakOff: () => breakOff(incoming, this.#openEnded),
    })
    this.#stream = stream
    const about = { kind: 'event-stream', routeId: route.id } as const
    stream.ended = streams.open(stream, about, this.#owner.lease())
    this.#endWithClient()
  }

  /** Ends the stream where its client half-closes: that may wait for an answer, but has left a stream of events. */
  #endWithClient(): void {
    const { incoming, outgoing } = this.#input
    const { socket } = incoming
    const leave = (): void => void socket.destroy()
    socket.on?.('end', leave)
    outgoing.on('close', () => socket.off?.('end', leave))
  }

  /**
   * Goes on with the response when its client has read what was sent. Parts that still come meanwhile change nothing.
   */
  #awaitReader(): void {
    this.#limitedReader().await(() => {
      if (this.#stream?.held !== true) this.#controller.resume()
    })
  }

  #limitedReader(): SlowReader {
    const { incoming, outgoing, route } = this.#input
    const { idleBodyMs } = route.timeouts
    const openEnded = this.#openEnded
    return (this.#reader ??= new SlowReader({ incoming, outgoing, idleBodyMs, openEnded }))
  }
}

/** HTTP/1.0 knows none, and many a client of HTTP/1.1 takes any for the answer. */
function mayInform({ httpVersion }: RequestRecord, { informational }: CompiledRoute): boolean {
  return httpVersion === '2.0' || (informational && httpVersion === '1.1')
}

function flushHead(delivery: Delivery): void {
  delivery.flushHead()
}
