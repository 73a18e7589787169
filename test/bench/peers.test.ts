import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { PEERS } from '../../bench/peers/peers.ts'
import { fillIn } from '../../bench/peers/start-peer.ts'
import { ROW } from '../../bench/proxy/rows.ts'

const DIRECTORY = fileURLToPath(new URL('../../bench/peers/', import.meta.url))

const PLACE = {
  port: '1001',
  upstreamPort: '1002',
  authPort: '1003',
  directory: '/peer',
  user: 'somebody',
  shipped: '',
}

const templates = PEERS.flatMap(({ name, files }) => files.map((file) => [name, file] as const))

test.each(templates)('%s: every name in %s has a value', (_, file) => {
  const filled = fillIn(readFileSync(DIRECTORY + file, 'utf8'), PLACE)
  expect(filled).not.toContain('{{')
})

test.each(templates)('%s: %s has it listen on a loopback address only', (_, file) => {
  const filled = fillIn(readFileSync(DIRECTORY + file, 'utf8'), PLACE)
  const listening = filled.match(/^\s*(?:listen|bind|Listen) .*$/gm) ?? []
  expect(
    listening.filter((line) => !/ 127\.0\.0\.1(?::1001)?(?: backlog=\d+)?;?$/.test(line)),
  ).toEqual([])
})

test('a name without a value is an error', () => {
  expect(() => fillIn('{{nobody}}', {})).toThrow('There is no value for {{nobody}}.')
})

test('every template belongs to a peer, and the goals speak of peers that there are', () => {
  const lying = readdirSync(DIRECTORY, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map(({ name }) => name)
  expect(lying.sort()).toEqual([...new Set(PEERS.flatMap(({ files }) => files))].sort())
  const names = PEERS.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining([ROW.nginx, ROW.asked, ROW.fastify, ROW.hono]))
})
