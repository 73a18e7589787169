import { readdirSync, readFileSync } from 'node:fs'

import type { Env, Hono } from 'hono'

import { PAGE_MARKUP } from './page-markup.ts'
import { PAGE_STYLE } from './page-style.ts'
import { problem, ProblemError } from './problem.ts'

/** The page loads nothing but what is here, speaks to nobody but this listener, and is shown in no frame. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-cache',
}

/** Where the compiled scripts lie, also for a process that runs from the sources. */
const SCRIPTS = new URL('../../dist/page/', import.meta.url)

/** Adds the page for people. It holds no data itself: it reads `/state` as everybody does, behind the guard. */
export function addPage<E extends Env>(app: Hono<E>, shown: boolean): void {
  if (!shown) {
    const off = 'There is no page here; "adminPage: true" in the configuration shows one'
    app.get('/', () => problem(new ProblemError(404, off)))
    return
  }
  let scripts: ReadonlyMap<string, string> | null = null
  app.get('/', () => file('text/html', PAGE_MARKUP))
  app.get('/page/page.css', () => file('text/css', PAGE_STYLE))
  app.get('/page/:name', (c) => {
    scripts ??= readScripts()
    const script = scripts.get(c.req.param('name') ?? '')
    if (script === undefined) return problem(new ProblemError(404, 'There is no such file'))
    return file('text/javascript', script)
  })
}

function file(type: string, text: string): Response {
  return new Response(text, { headers: { ...HEADERS, 'Content-Type': `${type}; charset=utf-8` } })
}

/** Only what is there by name can be asked for. */
function readScripts(): Map<string, string> {
  const names = readdirSync(SCRIPTS).filter((name) => name.endsWith('.js'))
  return new Map(names.map((name) => [name, readFileSync(new URL(name, SCRIPTS), 'utf8')]))
}
