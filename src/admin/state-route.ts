/**
 * Makes what answers `GET /state`: the document, or 304 to who has it already. Readers that come within a second get
 * one document.
 */
export function createStateRoute(
  read: () => Promise<object>,
): (known: string | undefined) => Promise<Response> {
  // Of this process: after a restart the numbers begin again.
  const begun = Date.now().toString(36)
  let last: { readonly document: object; readonly text: string; readonly tag: string } | null = null
  let count = 0

  return async function answerState(known) {
    const document = await read()
    if (last?.document !== document) {
      last = { document, text: JSON.stringify(document), tag: `"${begun}-${++count}"` }
    }
    const headers = { ETag: last.tag, 'Cache-Control': 'no-store' }
    if (known === last.tag) return new Response(null, { status: 304, headers })
    return new Response(last.text, {
      headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' },
    })
  }
}
