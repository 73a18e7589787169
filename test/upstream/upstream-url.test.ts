import { describe, expect, test } from 'vitest'

import { parseUpstreamUrl } from '../../src/upstream/index.ts'
import { targetOf } from '../../src/upstream/upstream-url.ts'

describe('the URL of an upstream', () => {
  test.each([
    ['http://a:1/b/', 'http://a:1/b', 'http://a:1', '/b', null],
    ['HTTP://A//', 'http://a', 'http://a', '', null],
    ['https://[::1]:443/', 'https://[::1]', 'https://[::1]', '', null],
    ['unix:///run/app.sock', 'unix:///run/app.sock', 'http://localhost', '', '/run/app.sock'],
    ['unix:/run/app.sock', 'unix:///run/app.sock', 'http://localhost', '', '/run/app.sock'],
    ['UNIX:///r/a:/', 'unix:///r/a', 'http://localhost', '', '/r/a'],
    ['unix:///r/a:/b/c/', 'unix:///r/a:/b/c', 'http://localhost', '/b/c', '/r/a'],
    ['unix:///r/a b@%:/b/../c', 'unix:///r/a b@%:/c', 'http://localhost', '/c', '/r/a b@%'],
  ])('%s is %s', (text, url, origin, basePath, socketPath) => {
    expect(targetOf(text)).toEqual({ url, origin, basePath, socketPath })
    expect(parseUpstreamUrl(parseUpstreamUrl(text))).toBe(url)
  })

  test.each([
    ['unix:', 'must name a socket by its absolute path'],
    ['unix:app.sock', 'must name a socket by its absolute path'],
    ['unix://app.sock', 'must name a socket by its absolute path'],
    ['unix:///', 'must name a socket by its absolute path'],
    ['unix:///run/', 'must name a socket by its absolute path'],
    ['unix:///run/a\0b', 'must name a socket by its absolute path'],
    ['unix:///run/app.sock:base', 'must have a "/" after its colon'],
    ['unix:///run/app.sock?x', 'must not contain "?" or "#"'],
    ['unix:///run/app.sock:/b#x', 'must not contain "?" or "#"'],
    [`unix:///${'a'.repeat(107)}`, 'by a path of at most 107 bytes'],
    [`unix:///${'ä'.repeat(54)}`, 'by a path of at most 107 bytes'],
    ['unixx:///a', 'must be a URL that begins with http:// or https://'],
  ])('cannot be %j', (text, problem) => {
    expect(() => targetOf(text)).toThrow(problem)
  })
})
