/**
 * Conditions on the store that several gateways share.
 *
 * @module
 */

import { isJsonObject } from '../json.ts'
import { exposureOf, hasStoreClient } from '../verification/index.ts'
import { variableOf, waysToGive } from './overlay.ts'
import type { Finding } from './problems.ts'
import { problemOf } from './problems.ts'
import { verifierSectionOf } from './verifier-checks.ts'
import { findingsAt, groupAt, type Written } from './written.ts'

const PLACES = ['url', 'sentinels', 'cluster'] as const

/** Finds a store that cannot be used, or that others than its gateways could use. */
export function checkStoreSettings(config: Written): Finding[] {
  if (!isJsonObject(config['store'])) return []
  const store = groupAt(config, 'store')
  const { all, find } = findingsAt(['store'])
  if (verifierSectionOf(config) === 'verifier') {
    find(
      [],
      'is only for Onezone: what a look-up API says of tokens is not shared; remove it',
      true,
    )
  }
  const given = PLACES.filter((place) => store[place] !== undefined)
  const [first] = given
  if (first === undefined) {
    find(
      ['url'],
      `is missing; set it in a configuration file, or by ${waysToGive(['store', 'url'])}`,
    )
  }
  for (const other of given.slice(1)) {
    find([other], `is given beside "store.${first}"; a store is in one place`, true)
  }
  for (const place of given) {
    const listed = store[place]
    if (Array.isArray(listed) && listed.length === 0) find([place], 'is empty; name at least one')
  }
  if (store['secretFile'] === undefined) {
    const ways = waysToGive(['store', 'secretFile'])
    find(
      ['secretFile'],
      `is missing: without a secret of its gateways, whoever rules the store could write what they believe; ` +
        `set it in a configuration file, or by ${ways}`,
    )
  }
  if (store['usernameFile'] !== undefined && store['passwordFile'] === undefined) {
    find(['usernameFile'], 'needs "store.passwordFile"')
  }
  if ((store['certFile'] === undefined) !== (store['keyFile'] === undefined)) {
    const [there, missing] =
      store['keyFile'] === undefined ? ['certFile', 'keyFile'] : ['keyFile', 'certFile']
    find([there], `needs "store.${missing}"`)
  }
  if (first !== undefined) {
    const exposure = exposureIn(store)
    const path = ['store', 'allowInsecureStore']
    if (exposure !== null) {
      const hint = exposure.includes('password')
        ? 'give "store.passwordFile" or "store.certFile"'
        : 'use rediss://'
      const escape = `set ${path.join('.')}: true (${variableOf(path)}=true)`
      find([first], `${exposure.replace(/; use .*$/, '')}; ${hint}, or ${escape}`)
    }
    if (!hasStoreClient()) {
      find([first], 'needs the package "ioredis", version 6, beside onegate: npm install ioredis')
    }
  }
  return all
}

function exposureIn(store: Written): string | null {
  const texts = (value: unknown): string[] =>
    (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string')
  let exposure: string | null = null
  // What is no URL at all the schema says.
  problemOf(() => {
    exposure = exposureOf({
      cluster: PLACES.flatMap((place) => texts(store[place])),
      allowInsecureStore: store['allowInsecureStore'] === true,
      ...(typeof store['passwordFile'] === 'string' ? { password: '-' } : {}),
      ...(typeof store['certFile'] === 'string' ? { cert: '-' } : {}),
    })
  })
  return exposure
}
