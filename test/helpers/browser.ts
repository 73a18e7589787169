import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { onTestFinished } from 'vitest'

/** The system's Chromium; null where there is none. */
export const CHROMIUM: string | null =
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) ??
  null

// Who reads a run must see why it tested less.
if (CHROMIUM === null) process.stderr.write('no Chromium is installed: the page is not tested\n')

let browser: Promise<Browser> | null = null

/** Ends the browser that pages were opened in. */
export async function closeBrowser(): Promise<void> {
  const opened = await browser
  browser = null
  await opened?.close()
}

/** A page that shares with others the browser and nothing else, with all that it complains of. */
export async function openPage(url: string, options: BrowserContextOptions = {}) {
  browser ??= chromium.launch({
    executablePath: CHROMIUM ?? '',
    // Tests may run as root, where Chromium refuses its sandbox; it loads nothing but our page.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  const size = { width: 1440, height: 900 }
  const context = await (await browser).newContext({ viewport: size, ...options })
  onTestFinished(() => context.close())
  const page: Page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  // 304 and refused orders are no complaints of the page.
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text())
  })
  // As text: what runs in the page has other globals than what is checked here.
  await page.addInitScript(`
    globalThis.violations = []
    document.addEventListener('securitypolicyviolation', (event) =>
      violations.push(event.violatedDirective + ' ' + event.blockedURI))
  `)
  await page.goto(url)
  const violations = (): Promise<string[]> => page.evaluate('violations')
  return { page, complaints, violations }
}

/** Where pictures are kept: outside of the repository. */
export function pictureFile(name: string): string {
  const directory = env['TEST_PICTURES'] ?? join(tmpdir(), 'onegate-pictures')
  mkdirSync(directory, { recursive: true })
  return join(directory, name)
}
