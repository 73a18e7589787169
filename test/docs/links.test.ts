import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

import { describe, expect, test } from 'vitest'

import { anchorsOf, BLOCKS, PAGES, ROOT, textOf } from './pages.ts'

/** A page without its blocks of code and what stands between backticks. */
function proseOf(page: string): string {
  return textOf(page)
    .replace(/^```.*\n[^]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '``')
}

/** Targets of links and pictures within the repository: the file, and the anchor or an empty text. */
function linksOf(page: string): { file: string; anchor: string }[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^https?:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#')
      return {
        file: file === '' ? page : relative(ROOT, join(ROOT, dirname(page), file)),
        anchor,
      }
    })
}

describe.each(PAGES)('%s', (page) => {
  test('links to files and anchors that exist', () => {
    for (const { file, anchor } of linksOf(page)) {
      expect(file.startsWith('..'), `${file} is in the repository`).toBe(false)
      expect(existsSync(join(ROOT, file)), file).toBe(true)
      if (anchor !== '') expect(anchorsOf(file), `${file}#${anchor}`).toContain(anchor)
    }
  })

  test('names files and folders of the repository that exist', () => {
    const named = textOf(page).matchAll(/`((?:src|test|bench|docs|\.ci)\/[\w./*-]*)`/g)
    for (const [, path = ''] of named) {
      const pattern = new RegExp(`^${basename(path).replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
      const beside = existsSync(join(ROOT, dirname(path)))
        ? readdirSync(join(ROOT, dirname(path)))
        : []
      expect(
        beside.some((name) => pattern.test(name)),
        path,
      ).toBe(true)
    }
  })

  test('has one title, and no two headings with one anchor', () => {
    const anchors = anchorsOf(page)
    if (page !== 'CHANGELOG.md') expect(new Set(anchors).size).toBe(anchors.length)
    expect(textOf(page)).toMatch(/^# /)
    expect(proseOf(page).match(/^# /gm)).toHaveLength(1)
  })

  test('has no line of prose beyond 120 columns', () => {
    const prose = textOf(page)
      .replace(/^```.*\n[^]*?^```$/gm, '')
      // What the bench writes there, a line a fact.
      .replace(/<!-- bench:.*?<!-- \/bench:\S+ -->/gs, '')
    const long = prose.split('\n').filter((line) => !line.startsWith('|') && [...line].length > 120)
    expect(long).toEqual([])
  })
})

test('the README is the entrance: it links to every page, and stays short', () => {
  const linked = new Set(linksOf('README.md').map(({ file }) => file))
  expect(PAGES.filter((page) => page !== 'README.md' && !linked.has(page))).toEqual([])
  expect(textOf('README.md').length).toBeLessThan(10_000)
})

test('every block of code is in a language that is run or checked', () => {
  const languages = new Set(BLOCKS.map(({ language }) => language))
  expect([...languages].sort()).toEqual(['acl', 'console', 'sh', 'text', 'ts', 'yaml'])
})
