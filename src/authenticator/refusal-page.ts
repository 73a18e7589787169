import { createHash } from 'node:crypto'

/** What a page says. All of it is escaped. */
export interface RefusalPage {
  readonly title: string
  readonly detail: string
  readonly code: string
  readonly requestId: string | null
  /** Where a token that passes can be made; null: nowhere that is known. */
  readonly tokenForm: string | null
}

const STYLE =
  ':root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}' +
  'main{max-width:36rem;margin:12vh auto;padding:0 1rem}h1{font-size:1.4rem}' +
  'a{display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.4rem}small{opacity:.7}'

/** Lets the page have its style, and nothing else. */
export const PAGE_POLICY: string = `default-src 'none'; style-src 'sha256-${createHash('sha256')
  .update(STYLE)
  .digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** Writes the page that a person sees in a browser instead of a problem document. */
export function refusalPage({ title, detail, code, requestId, tokenForm }: RefusalPage): string {
  const link =
    tokenForm === null
      ? ''
      : `<p><a href="${escaped(tokenForm)}" rel="noreferrer">Get a token that passes here</a></p>`
  const id = requestId === null ? '' : ` · request ${escaped(requestId)}`
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style>
<main><h1>${escaped(title)}</h1><p>${escaped(detail)}</p>${link}
<p><small>${escaped(code)}${id}</small></p></main></html>
`
}

/** Whether a client would rather have a page: browsers name HTML first. */
export function prefersPage(rawHeaders: readonly string[]): boolean {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length !== 6 || name.toLowerCase() !== 'accept') continue
    return /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:[,;]|$)/i.test(rawHeaders[i + 1] ?? '')
  }
  return false
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
