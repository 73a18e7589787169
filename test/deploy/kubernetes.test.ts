import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stderr } from 'node:process'

import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'

import { loadConfig } from '../../src/config/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { DEPLOY, shipped } from '../helpers/front-proxy.ts'

const OVERLAYS = ['proxy', 'forward-auth', 'sidecar']

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    stderr.write('skipped: kubectl is not installed\n')
    return false
  }
}

interface Resource {
  readonly kind: string
  readonly spec: {
    readonly template?: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly {
          readonly name: string
          readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
          readonly securityContext?: Readonly<Record<string, unknown>>
          readonly readinessProbe?: { readonly httpGet: { readonly path: string } }
          readonly livenessProbe?: { readonly httpGet: { readonly path: string } }
        }[]
      }
    }
  }
}

describe.each(OVERLAYS)('the overlay %s', (overlay) => {
  const file = join(DEPLOY, 'kubernetes/overlays', overlay, 'onegate.yaml')

  test('has a configuration in which nothing is wrong but that its secrets are elsewhere', async () => {
    const error = await loadConfig({ file }).then(
      () => null,
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).problems.map(({ path }) => path)).toEqual(['adminTokenFile'])
  })

  test.runIf(hasKubectl())('is rendered: probes, a grace period that suffices, no subPath', () => {
    const directory = join(DEPLOY, 'kubernetes/overlays', overlay)
    const rendered = execFileSync('kubectl', ['kustomize', directory], { encoding: 'utf8' })
    expect(rendered).not.toContain('subPath')
    const resources = parseAllDocuments(rendered).map((document) => document.toJS() as Resource)
    expect(resources.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Service']),
    )
    const pod = resources.find(({ kind }) => kind === 'Deployment')?.spec.template?.spec
    const { shutdown, listen, forwardAuth } = parse(
      shipped(`kubernetes/overlays/${overlay}/onegate.yaml`),
    ) as {
      shutdown: { readinessDelayMs: number; drainMs: number }
      listen?: string
      forwardAuth?: { listen: string }
    }
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      (shutdown.readinessDelayMs + shutdown.drainMs) / 1000 + 5,
    )
    const container = pod?.containers.find(({ name }) => name === 'onegate')
    expect(container?.readinessProbe?.httpGet.path).toBe('/readyz')
    expect(container?.livenessProbe?.httpGet.path).toBe('/livez')
    expect(container?.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    })
    const port = Number((forwardAuth?.listen ?? listen ?? '').split(':').at(-1))
    expect(container?.ports?.map(({ containerPort }) => containerPort)).toEqual([port, 9090])
  })
})

describe('the container', () => {
  test('runs as no one special, by no shell, and is built from the tarball alone', () => {
    const file = shipped('container/Dockerfile')
    expect(file).toMatch(/^USER 10001:10001$/m)
    expect(file).toMatch(/^ENTRYPOINT \["node", /m)
    expect(file).toMatch(/^CMD \[/m)
    expect(file).toMatch(/^HEALTHCHECK .* CMD \["node", /m)
    expect(file).not.toMatch(/^COPY \. /m)
    expect(shipped('container/Dockerfile.dockerignore').split('\n')).toContain('*')
  })

  test('has a configuration that is right', async () => {
    const config = await loadConfig({ file: join(DEPLOY, 'container/onegate.yaml') })
    expect(config.routes).toHaveLength(1)
    const { services } = parse(shipped('container/compose.yaml')) as {
      services: Record<string, { read_only?: boolean; command?: string[] }>
    }
    expect(Object.keys(services)).toContain(new URL(config.verifier.url).hostname)
    expect(services['onegate']?.read_only).toBe(true)
  })

  test('has three that share a store, each with settings that are right', async () => {
    const { services, secrets } = parse(shipped('container/compose.replicas.yaml'), {
      merge: true,
    }) as {
      services: Record<string, { environment?: Record<string, string>; secrets?: string[] }>
      secrets: Record<string, unknown>
    }
    const gateways = Object.entries(services).filter(([name]) => name.startsWith('onegate'))
    expect(gateways).toHaveLength(3)
    const directory = mkdtempSync(join(tmpdir(), 'onegate-compose-'))
    const secretFile = join(directory, 'store-secret')
    writeFileSync(secretFile, 'f'.repeat(64))
    for (const [, { environment = {}, secrets: own = [] }] of gateways) {
      expect(own.map((name) => `/run/secrets/${name}`)).toEqual([
        environment['ONEGATE_STORE_SECRET_FILE'],
      ])
      expect(own.every((name) => name in secrets)).toBe(true)
      const config = await loadConfig({
        file: join(DEPLOY, 'container/onegate.yaml'),
        env: { ...environment, ONEGATE_STORE_SECRET_FILE: secretFile },
      })
      expect(config.store).toMatchObject({ url: environment['ONEGATE_STORE_URL'] })
      expect(Object.keys(services)).toContain(
        new URL(environment['ONEGATE_STORE_URL'] ?? '').hostname,
      )
    }
    rmSync(directory, { recursive: true })
  })
})
