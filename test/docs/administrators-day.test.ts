import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import { createGateway } from '../../src/gateway/index.ts'
import { runDispatch } from '../cli/run-dispatch.ts'
import { directoryWith } from '../config/config-directory.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { block } from './pages.ts'

const PAGE = 'docs/cli.md'
const [ONEZONE, ADMIN] = ['https://onezone.example.org', 'http://127.0.0.1:9090']

/** What is another one each time; and what is told of work that takes more than a second here. */
function withoutChance(text: string): string {
  return text
    .replace(/^[a-z ]+: (?:\d+ of \d+, )?\d+ s\n/gm, '')
    .replace(/\b[0-9a-f]{32}ch[0-9a-f]{4}\b/g, 'ID')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/g, 'DATE')
    .replace(/onegate \d+\.\d+\.\d+/g, 'onegate VERSION')
    .replace(/\d+(?:\.\d+)? (?:µs|ms|s|min)\b/g, 'TIME')
    .replace(/TIME ago|(?:since )?(?:TIME$|just now)/gm, 'WHEN')
    .replace(/ +/g, ' ')
}

/** Words of a command line, quoted or not. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
}

test("an administrator's day prints what the page shows", async () => {
  const onezone = await startOnezone({
    world: {
      users: { alice: {}, bob: {}, root: { ozPrivileges: ['oz_tokens_manage', 'oz_users_view'] } },
    },
  })
  const upstream = await startUpstream()
  const directory = await directoryWith({
    'admin.token': onezone.createNamedToken({ subject: { type: 'user', id: 'root' }, name: 'me' })
      .token,
  })
  const env = { XDG_CONFIG_HOME: directory, HOME: directory }
  const gateway = await createGateway(
    await loadConfig({
      env: {
        ONEGATE_LISTEN: '127.0.0.1:0',
        ONEGATE_ADMIN_LISTEN: '127.0.0.1:0',
        ONEGATE_ONEZONE_URL: onezone.url,
        ONEGATE_UPSTREAM: upstream.url,
        ONEGATE_ACCESS_LOG_TO: 'none',
      },
    }),
    // What is known does not grow old while the day goes on.
    { clock: createFakeClock(Date.now()) },
  )
  onTestFinished(() => gateway.close())
  for (const id of ['alice', 'bob']) {
    const token = onezone.createTemporaryToken({ subject: { type: 'user', id } })
    expect((await fetch(gateway.url, { headers: { 'X-Auth-Token': token } })).status).toBe(200)
  }

  const shown = block('console', 'onegate login', PAGE)
  let printed = ''
  for (const line of shown.split('\n')) {
    if (!line.startsWith('$ ')) continue
    const args = wordsOf(line)
      .slice(2)
      .map((word) => word.replace(ONEZONE, onezone.url))
      .map((word) => (word.endsWith('.token') ? join(directory, word) : word))
    const { stdout, stderr } = await runDispatch(args, {
      env: { ...env, ONEGATE_ADMIN: gateway.adminUrl },
      answers: true,
      input: 'yes\n',
    })
    // What is asked comes first, and is answered.
    const asked = stderr.replace(/(: )$/m, '$1yes\n')
    printed += `${line}\n${asked}${stdout}`
      .replaceAll(onezone.url, ONEZONE)
      .replaceAll(gateway.adminUrl, ADMIN)
      .replaceAll(gateway.url, 'http://127.0.0.1:8080')
      .replaceAll(upstream.url, 'http://127.0.0.1:3000')
      .replaceAll(directory, '~/.config')
  }
  expect(withoutChance(printed)).toBe(withoutChance(shown))
})
