import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, getuid, stderr } from 'node:process'
import { fileURLToPath } from 'node:url'

import { expect, onTestFinished } from 'vitest'

export const DEPLOY: string = fileURLToPath(new URL('../../deploy', import.meta.url))

export type FrontProxyName = 'nginx' | 'haproxy' | 'caddy' | 'apache'

const PROGRAMS: Readonly<Record<FrontProxyName, readonly [program: string, versionFlag: string]>> =
  {
    nginx: ['nginx', '-v'],
    haproxy: ['haproxy', '-v'],
    caddy: ['caddy', 'version'],
    apache: ['apache2', '-v'],
  }

/** Whether a program is here; where it is not, the reason why its tests are skipped is printed. */
export function isInstalled(name: FrontProxyName): boolean {
  const [program, flag] = PROGRAMS[name]
  try {
    execFileSync(program, [flag], { stdio: 'ignore' })
    return true
  } catch {
    stderr.write(`skipped: ${program} is not installed\n`)
    return false
  }
}

/** The text of a file under `deploy/`. */
export function shipped(name: string): string {
  return readFileSync(join(DEPLOY, name), 'utf8')
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a front proxy by a configuration, until the test ends.
 *
 * @param replace What stands in the configuration, and what is to stand there; `DIR/` is a directory of its own.
 * @param files Files in that directory.
 */
export async function startFrontProxy(
  name: FrontProxyName,
  configuration: string,
  replace: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), `onegate-${name}-`))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const port = await freePort()
  let text = configuration
  for (const [from, to] of Object.entries(replace)) {
    expect(text, `the configuration of ${name} has ${from}`).toContain(from)
    text = text.replaceAll(from, to.replace('DIR/', `${directory}/`))
  }
  text = text.replaceAll('FRONT', `127.0.0.1:${port}`)
  for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), content)
  const file = join(directory, 'proxy.conf')
  writeFileSync(file, wrap(name, directory, text))
  const [program] = PROGRAMS[name]
  const child = spawn(program, argumentsOf(name, file), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  })
  let log = ''
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill(name === 'haproxy' ? 'SIGTERM' : 'SIGINT')
    const kill = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(kill)
  })
  await expect
    .poll(() => (child.exitCode === null ? accepts(port) : Promise.reject(new Error(log))))
    .toBe(true)
    .catch((error: unknown) => {
      throw new Error(`${name} did not start: ${log}`, { cause: error })
    })
  return port
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function argumentsOf(name: FrontProxyName, file: string): string[] {
  switch (name) {
    case 'nginx':
      return ['-c', file, '-e', 'stderr']
    case 'haproxy':
      return ['-db', '-f', file]
    case 'caddy':
      return ['run', '--config', file, '--adapter', 'caddyfile']
    case 'apache':
      return ['-X', '-f', file]
  }
}

function wrap(name: FrontProxyName, directory: string, text: string): string {
  if (name === 'nginx') {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `  ${kind}_temp_path ${directory}/${kind};`)
      .join('\n')
    const user = getuid?.() === 0 ? 'user root;\n' : ''
    return `${user}daemon off;\npid ${directory}/pid;\nevents {}\nhttp {\n  access_log off;\n${temporary}\n${text}\n}\n`
  }
  if (name === 'caddy')
    return `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n${text}`
  if (name === 'apache') {
    const modules = [
      'mpm_event',
      'authz_core',
      'headers',
      'setenvif',
      'proxy',
      'proxy_http',
      'ssl',
      'socache_shmcb',
    ]
      .map((module) => `LoadModule ${module}_module /usr/lib/apache2/modules/mod_${module}.so`)
      .join('\n')
    return `ServerRoot ${directory}\nDefaultRuntimeDir ${directory}\nPidFile ${directory}/pid\nErrorLog ${directory}/error.log\n${modules}\n${text}`
  }
  return text
}
