/** Kinds of parties that tokens and consumer caveats name (Onezone API, §2). */
export type SubjectType = 'user' | 'oneprovider' | 'group' | 'nobody'

/** Whom a token speaks for, as the API writes it: `{"type":"user","id":"…"}`; `id` is null for nobody only. */
export interface Subject {
  readonly type: SubjectType
  readonly id: string | null
}

/** Kinds of services (Onezone API, §2). */
export type ServiceType = 'oz_worker' | 'oz_panel' | 'op_worker' | 'op_panel'

/** A service, as it occurs in error details: `{"type":"op_worker","id":"…"}`. */
export interface Service {
  readonly type: ServiceType
  readonly id: string
}

/** Prefix that tells which of a provider's two services sends the token: op-worker or op-panel. It is not signed. */
export type ServiceIndication = 'opw' | 'opp'

/** The anonymous subject, also that of version 1 tokens, which do not name theirs. */
export const NOBODY: Subject = Object.freeze({ type: 'nobody', id: null })

const SUBJECT_CODES: Readonly<Record<Exclude<SubjectType, 'nobody'>, string>> = {
  user: 'usr-',
  oneprovider: 'prv-',
  group: 'grp-',
}
const SERVICE_CODES: Readonly<Record<ServiceType, string>> = {
  oz_worker: 'ozw-',
  oz_panel: 'ozp-',
  op_worker: 'opw-',
  op_panel: 'opp-',
}
const CODE_LENGTH = 4

const SUBJECT_TYPES = typesByCode(SUBJECT_CODES)
const SERVICE_TYPES = typesByCode(SERVICE_CODES)

/** Reads `usr-<id>`, `prv-<id>`, `grp-<id>` or `nobody`; null for anything else. Ids are opaque and may be empty. */
export function parseSubject(text: string): Subject | null {
  if (text === 'nobody') return NOBODY
  const type = SUBJECT_TYPES.get(text.slice(0, CODE_LENGTH))
  return type === undefined ? null : { type, id: text.slice(CODE_LENGTH) }
}

/** Writes a subject as tokens and consumer caveats do: the inverse of {@link parseSubject}. */
export function serializeSubject(subject: Subject): string {
  return subject.type === 'nobody' ? 'nobody' : SUBJECT_CODES[subject.type] + (subject.id ?? '')
}

/** Reads `ozw-<id>`, `ozp-<id>`, `opw-<id>` or `opp-<id>`; null for anything else. The id may be `*`. */
export function parseService(text: string): Service | null {
  const type = SERVICE_TYPES.get(text.slice(0, CODE_LENGTH))
  return type === undefined ? null : { type, id: text.slice(CODE_LENGTH) }
}

/** Writes a service as service caveats do: the inverse of {@link parseService}. */
export function serializeService(service: Service): string {
  return SERVICE_CODES[service.type] + service.id
}

function typesByCode<T extends string>(codes: Readonly<Record<T, string>>): ReadonlyMap<string, T> {
  const entries = Object.entries(codes) as [T, string][]
  return new Map(entries.map(([type, code]) => [code, type]))
}
