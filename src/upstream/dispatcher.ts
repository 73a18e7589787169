import type { Duplex, Readable } from 'node:stream'

/** One request to an upstream. The names are undici's, so that its dispatchers take it too. */
export interface UpstreamRequest {
  /** `http://host:port` of the upstream. */
  readonly origin: string
  /** In origin form, query included. */
  readonly path: string
  readonly method: string
  /** Name, value, name, value … A `Content-Length` in it frames the body; a body without one goes in chunks. */
  readonly headers: string[]
  /**
   * The header section as text in place of `headers`, but for `lastHeaders`: lines of `name: value` and CR LF, checked,
   * without a length. The body is text, or there is none. Only where the dispatcher
   * {@link UpstreamDispatcher.takesText}.
   *
   * @default made of `headers`
   */
  readonly section?: string | undefined
  /**
   * What `headers` ends with, as a frozen list that comes with other requests too: its text is made once.
   *
   * @default none
   */
  readonly lastHeaders?: readonly string[] | undefined
  /** Whose it is: where connections run out, a client that keeps most of them waiting loses some. @default '' */
  readonly clientAddress?: string | undefined
  /** Whether its client has shown who it is: those who have and those who have not do not share. @default false */
  readonly proven?: boolean | undefined
  readonly body: Readable | null
  /**
   * All of the body in place of `body`, as latin-1 text of its bytes, with its `Content-Length` in `headers`; it leaves
   * with the head. Only where the dispatcher {@link UpstreamDispatcher.takesText}.
   *
   * @default none
   */
  readonly bodyText?: string | undefined
  /**
   * Whether the upstream is asked to say when it wants the body (`Expect: 100-continue`); its 100 is then told like any
   * interim response. Only where the dispatcher {@link UpstreamDispatcher.asksBeforeBody}.
   *
   * @default false
   */
  readonly expectContinue?: boolean
  /** From the end of the request to the head of the response, in milliseconds; 0: any time. */
  readonly headersTimeout: number
  /** Between two parts of the response's body, in milliseconds; 0: any time. */
  readonly bodyTimeout: number
  /**
   * What the connection is to be used for instead of HTTP, once the upstream has answered 101. @default null: nothing
   */
  readonly upgrade?: 'websocket' | null
  /** Whether the connection ends with this request, and the upstream is told so. @default it may serve others */
  readonly reset?: boolean
}

/** The header section of a response that was checked. */
export interface AnswerSection {
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  /** The same as text, where each line is as it would be written: `name: value` and CR LF; null: one is not. */
  readonly section: string | null
}

/** What a handler steers its request by. */
export interface UpstreamController {
  /**
   * Header section of the response that has come: name, value, name, value … Text is latin-1. (undici's type allows for
   * an object; HTTP/1.1 never makes it one.)
   */
  readonly rawHeaders?: readonly (Buffer | string)[] | object | null
  /** The same once more, where it was checked and is there as text. @default null */
  readonly answer?: AnswerSection | null
  /** Reason phrase of the response that has come. @default the usual one */
  readonly reasonPhrase?: string
  /** Whether the request was sent, so that the upstream may have begun to act. Absent: it was, from the start on. */
  readonly connected?: boolean
  /** Whether an upstream that still reads gets the rest of a body after its response has ended. @default false */
  readonly feedsOn?: boolean
  /** Stops the response. What was read already still comes. */
  pause(): void
  resume(): void
  /** Ends the request and its connection; the handler is told as of an error. */
  abort(reason: Error): void
}

/** Told what becomes of one request: a start, then heads and data, then an end or an error, and nothing after that. */
export interface UpstreamHandler {
  /** Called at once, or, by undici, when there is a connection; where it has to wait for one, both. */
  onRequestStart(controller: UpstreamController): void
  /** Called at the first byte of a response. */
  onResponseStarted?(): void
  /** Called for interim responses (1xx) too. */
  onResponseStart(controller: UpstreamController, status: number): void
  /** Called instead of all that follows where the upstream has answered 101 to a request for an upgrade. */
  onRequestUpgrade?(
    controller: UpstreamController,
    status: number,
    headers: unknown,
    socket: Duplex,
  ): void
  /** @param chunk Only good until the call returns: its memory is used for the next read. */
  onResponseData(controller: UpstreamController, chunk: Buffer): void
  onResponseEnd(controller: UpstreamController): void
  /**
   * Called instead of start, data and end for a response that came in one piece; such mostly are short.
   *
   * @param body Latin-1 text of the body's bytes.
   */
  onResponseWhole?(controller: UpstreamController, status: number, body: string): void
  onResponseError(controller: UpstreamController, error: Error): void
}

/** Makes requests: a pool of this room, or any of undici's dispatchers. */
export interface UpstreamDispatcher {
  /** Whether it knows {@link UpstreamRequest.expectContinue}. @default false */
  readonly asksBeforeBody?: boolean
  /** Whether it knows {@link UpstreamRequest.bodyText} and {@link UpstreamRequest.section}. @default false */
  readonly takesText?: boolean
  /** Whether half of the connections that there may be are in use. @default false */
  readonly isCrowded?: boolean
  /** @returns False where the request has to wait for a connection. */
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): boolean
}
