/** A JSON object after parsing: nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is an object as JSON has them: no list, and not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
