/** A JSON object after parsing: nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is an object as JSON has them: no list, and not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON text with every character printable ASCII, as a header field can carry it. */
export function asciiJson(text: string): string {
  return text.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
