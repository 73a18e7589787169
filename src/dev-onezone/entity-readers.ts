import type { ShapeCheck } from './shape-check.ts'
import { join } from './shape-check.ts'
import type {
  WorldEntity,
  WorldOnezone,
  WorldPrivileges,
  WorldProvider,
  WorldSpace,
  WorldStorage,
  WorldUser,
} from './world.ts'

/** Reads one part of a world. */
export type Read<T> = (check: ShapeCheck, value: unknown, path: string) => T

/**
 * `{ [key]: … }` if the key is there, else `{}`: what was not given must stay absent, or a change would overwrite it.
 */
export function given<K extends string, T>(
  raw: Record<string, unknown>,
  key: K,
  read: (value: unknown, path: string) => T,
  path = '',
): Partial<Record<K, T>> {
  const value = raw[key]
  if (value === undefined) return {}
  return { [key]: read(value, join(path, key)) } as Partial<Record<K, T>>
}

/** Reads entities by id. */
export function readEach<T>(
  check: ShapeCheck,
  value: unknown,
  path: string,
  read: Read<T>,
): Record<string, T> {
  const entries = Object.entries(check.record(value, path)).map(([id, entry]) => {
    const entryPath = join(path, id)
    // An id is one segment of a token's identifier and of a path of the REST API.
    if (!/^[^/]+$/.test(id))
      check.wrong(entryPath, 'must have an id that is not empty, without "/"')
    return [id, read(check, entry, entryPath)] as const
  })
  return Object.fromEntries(entries)
}

/** Reads what may be `null` instead. */
export function orNull<T>(read: Read<T>): Read<T | null> {
  return (check, value, path) => (value === null ? null : read(check, value, path))
}

export function readUser(check: ShapeCheck, value: unknown, path: string): WorldUser {
  const keys = ['blocked', 'groups', 'effectiveGroups', 'sessions', 'ozPrivileges']
  const raw = check.object(value, path, [...keys, 'username', 'password', 'basicAuthEnabled'])
  const read = readersOf(check, raw, path)
  return {
    ...read.boolean('blocked'),
    ...read.strings('groups'),
    ...read.strings('effectiveGroups'),
    ...read.strings('sessions'),
    ...read.strings('ozPrivileges'),
    ...read.string('username'),
    ...read.string('password'),
    ...read.boolean('basicAuthEnabled'),
  }
}

export function readProvider(check: ShapeCheck, value: unknown, path: string): WorldProvider {
  const keys = ['effectiveUsers', 'clusterUsers', 'privileges', 'name', 'domain', 'version']
  const raw = check.object(value, path, [...keys, 'online'])
  const read = readersOf(check, raw, path)
  return {
    ...read.strings('effectiveUsers'),
    ...read.strings('clusterUsers'),
    ...read.privileges(),
    ...read.string('name'),
    ...read.string('domain'),
    ...read.string('version'),
    ...read.boolean('online'),
  }
}

export function readOnezone(check: ShapeCheck, value: unknown, path: string): WorldOnezone {
  const raw = check.object(value, path, ['clusterUsers', 'privileges', 'basicAuthEnabled'])
  const read = readersOf(check, raw, path)
  return {
    ...read.strings('clusterUsers'),
    ...read.privileges(),
    ...read.boolean('basicAuthEnabled'),
  }
}

export function readEntity(check: ShapeCheck, value: unknown, path: string): WorldEntity {
  const raw = check.object(value, path, ['privileges'])
  return readersOf(check, raw, path).privileges()
}

export function readSpace(check: ShapeCheck, value: unknown, path: string): WorldSpace {
  const raw = check.object(value, path, ['privileges', 'name', 'effectiveUsers', 'storages'])
  const read = readersOf(check, raw, path)
  const storages = given(
    raw,
    'storages',
    (list, at) => readEach(check, list, at, readStorage),
    path,
  )
  return {
    ...read.privileges(),
    ...read.string('name'),
    ...read.strings('effectiveUsers'),
    ...storages,
  }
}

function readStorage(check: ShapeCheck, value: unknown, path: string): WorldStorage {
  const raw = check.object(value, path, ['provider', 'readonly'])
  return {
    provider: check.string(raw['provider'], join(path, 'provider')),
    ...readersOf(check, raw, path).boolean('readonly'),
  }
}

/** Readers of the keys of one object: each gives `{}` where its key is absent. */
function readersOf(check: ShapeCheck, raw: Record<string, unknown>, path: string) {
  const readPrivileges = (value: unknown, at: string): WorldPrivileges =>
    readEach(check, value, at, (_, list, place) => check.strings(list, place))
  return {
    string: <K extends string>(key: K) =>
      given(raw, key, (value, at) => check.string(value, at), path),
    strings: <K extends string>(key: K) =>
      given(raw, key, (value, at) => check.strings(value, at), path),
    boolean: <K extends string>(key: K) =>
      given(raw, key, (value, at) => check.boolean(value, at), path),
    privileges: () => given(raw, 'privileges', readPrivileges, path),
  }
}
