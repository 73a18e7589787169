import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

/** Where the repository is. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** The pages of the documentation, by their paths in the repository. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** The text of a page. */
export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** A fenced block of code. */
export interface Block {
  readonly page: string
  readonly language: string
  readonly text: string
}

/** Every block of code there is, in the order of the pages. */
export const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...textOf(page).matchAll(/^```(.*)\n([^]*?)^```$/gm)].map((match) => ({
    page,
    language: match[1] ?? '',
    text: match[2] ?? '',
  })),
)

/** The texts of all blocks in a language, of one page or of all. */
export function blocks(language: string, page?: string): string[] {
  return BLOCKS.filter(
    (block) => block.language === language && (page ?? block.page) === block.page,
  ).map(({ text }) => text)
}

/** The one block in a language that contains a text. */
export function block(language: string, containing: string, page?: string): string {
  const found = blocks(language, page).filter((text) => text.includes(containing))
  expect(found, `one ${language} block with ${containing}`).toHaveLength(1)
  return found[0] ?? ''
}

/** The cells of every table row between a heading and the next one. */
export function rows(page: string, heading: string): string[][] {
  const after = textOf(page).split(new RegExp(`^#+ ${heading.replace(/[?()]/g, '\\$&')}$`, 'm'))[1]
  expect(after, `${page} has the heading "${heading}"`).toBeDefined()
  return tableIn(after?.split(/^#+ /m)[0] ?? '').slice(1)
}

/** The cells of every table row of a text, heads included. */
export function tableIn(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\| :?-/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

/** What stands between backticks. */
export function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}

/** Headings of a page, by the anchors that GitHub gives them. */
export function anchorsOf(page: string): string[] {
  const prose = textOf(page).replace(/^```.*\n[^]*?^```$/gm, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
