/** Questions under way, by their keys: whoever asks the same meanwhile shares the answer (single flight). */
export interface SingleFlight<Question, Answer> {
  /**
   * The answer that is on its way to the latest question, or null.
   *
   * @param sinceMs Null, too, where that question was sent before this moment. @default it does not matter when
   */
  underWay(key: string, sinceMs?: number): Promise<Answer> | null
  /**
   * Asks, beside what is under way. What becomes of one who asked has no influence on the others: nobody's disconnect
   * aborts a question.
   *
   * @param ask Is told by its argument whether the question still counts when the answer is there: not where it was
   *   disowned, nor where a later question about the same has been answered before.
   */
  send(
    key: string,
    question: Question,
    sentAtMs: number,
    ask: (stillCounts: () => boolean) => Promise<Answer>,
  ): Promise<Answer>
  /** The questions that are selected no longer count: whoever asks the same from now on asks anew. */
  disown(selects: (key: string, question: Question) => boolean): void
}

interface Flight<Question, Answer> {
  readonly question: Question
  readonly sentAtMs: number
  readonly answer: Promise<Answer>
}

/** Makes the board on which questions under way are noted. */
export function createSingleFlight<Question, Answer>(): SingleFlight<Question, Answer> {
  /** Of each key the latest last; nearly always there is one. */
  const flights = new Map<string, readonly Flight<Question, Answer>[]>()

  function keep(key: string, kept: readonly Flight<Question, Answer>[]): void {
    if (kept.length > 0) flights.set(key, kept)
    else flights.delete(key)
  }

  return {
    underWay(key, sinceMs = -Infinity) {
      const latest = flights.get(key)?.at(-1)
      return latest !== undefined && latest.sentAtMs >= sinceMs ? latest.answer : null
    },
    send(key, question, sentAtMs, ask) {
      const place = (): number =>
        flights.get(key)?.findIndex((each) => each.answer === answer) ?? -1
      const answer = ask(() => place() >= 0)
      flights.set(key, [...(flights.get(key) ?? []), { question, sentAtMs, answer }])
      const landed = (): void => {
        const mine = place()
        if (mine >= 0) keep(key, flights.get(key)?.slice(mine + 1) ?? [])
      }
      const failed = (): void => {
        keep(key, flights.get(key)?.filter((each) => each.answer !== answer) ?? [])
      }
      answer.then(landed, failed)
      return answer
    },
    disown(selects) {
      for (const [key, all] of flights) {
        const kept = all.filter(({ question }) => !selects(key, question))
        if (kept.length < all.length) keep(key, kept)
      }
    },
  }
}
