import type { JsonObject } from '../json.ts'

/** Does what an operator asks for. Throws a `ProblemError` where that makes no sense. */
export type AdminAction = (order: JsonObject, who: string) => object | Promise<object>
