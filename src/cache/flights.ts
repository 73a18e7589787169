/** Questions under way, by their keys: whoever asks the same meanwhile shares the answer (single flight). */
export interface Flights<Question, Answer> {
  /** The answer that is on its way, or null. */
  underWay(key: string): Promise<Answer> | null
  /**
   * Asks, unless the same is being asked already. What becomes of one who asked has no influence on the others: nobody's
   * disconnect aborts a question.
   *
   * @param ask Is told by its argument whether the question still counts when the answer is there.
   */
  share(
    key: string,
    question: Question,
    ask: (stillCounts: () => boolean) => Promise<Answer>,
  ): Promise<Answer>
  /** The questions that are selected no longer count: whoever asks the same from now on asks anew. */
  disown(selects: (key: string, question: Question) => boolean): void
}

interface Flight<Question, Answer> {
  readonly question: Question
  readonly answer: Promise<Answer>
}

/** Makes the board on which questions under way are noted. */
export function createFlights<Question, Answer>(): Flights<Question, Answer> {
  const flights = new Map<string, Flight<Question, Answer>>()
  return {
    underWay: (key) => flights.get(key)?.answer ?? null,
    share(key, question, ask) {
      const shared = flights.get(key)
      if (shared !== undefined) return shared.answer
      const isMine = (): boolean => flights.get(key)?.answer === answer
      const answer = ask(isMine)
      flights.set(key, { question, answer })
      const landed = (): void => void (isMine() && flights.delete(key))
      answer.then(landed, landed)
      return answer
    },
    disown(selects) {
      for (const [key, { question }] of flights) {
        if (selects(key, question)) flights.delete(key)
      }
    },
  }
}
