import { describe, expect, test } from 'vitest'
import { formatListenAddress, parseListenAddress } from '../../src/config/index.ts'

describe('parseListenAddress', () => {
  test.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['my-host.example.org:80', 'my-host.example.org', 80],
    ['[::1]:0', '::1', 0],
    ['[fd00::1:2]:443', 'fd00::1:2', 443],
  ])('reads %s, and formatListenAddress writes it again', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port })
    expect(formatListenAddress({ host, port })).toBe(text)
  })

  test.each([
    ['', 'must be HOST:PORT'],
    ['8080', 'must be HOST:PORT'],
    ['localhost', 'must be HOST:PORT'],
    ['::1', 'must be HOST:PORT'],
    ['::1:8080', 'must be HOST:PORT'],
    [':8080', 'must name the address too'],
    ['localhost:', 'must end in a port'],
    ['localhost:65536', 'must end in a port'],
    ['localhost:-1', 'must end in a port'],
    ['localhost:http', 'must end in a port'],
    ['localhost:8080/', 'must end in a port'],
    ['[::1:8080', 'must begin with a host name'],
    ['[127.0.0.1]:80', 'must begin with a host name'],
    ['127.0.0.256:80', 'must begin with a host name'],
    ['127.1:80', 'must begin with a host name'],
    ['http://localhost:80', 'must begin with a host name'],
    ['a b:80', 'must begin with a host name'],
  ])('refuses %j', (text, problem) => {
    expect(() => parseListenAddress(text)).toThrow(TypeError)
    expect(() => parseListenAddress(text)).toThrow(problem)
  })
})
