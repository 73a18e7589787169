/** Interfaces through which Onedata services are used (Onezone API, §4.1). */
export type OnedataInterface = 'rest' | 'oneclient' | 'graphsync'

/** Whether a geo caveat lists what is allowed or what is not. */
export type GeoFilter = 'whitelist' | 'blacklist'

/** Names of regions in `geo.region` caveats. `EU` is the European Union, `Europe` the continent. */
export type GeoRegion =
  'Africa' | 'Antarctica' | 'Asia' | 'Europe' | 'EU' | 'NorthAmerica' | 'Oceania' | 'SouthAmerica'

/** Holds before `validUntil`, in unix seconds. */
export interface TimeCaveat {
  readonly type: 'time'
  readonly validUntil: number
}

/** Holds where the client's IPv4 address lies in one of the networks, e.g. `10.0.0.0/8`. */
export interface IpCaveat {
  readonly type: 'ip'
  readonly whitelist: readonly string[]
}

/** Holds where the client's address belongs to one of the autonomous systems. */
export interface AsnCaveat {
  readonly type: 'asn'
  readonly whitelist: readonly number[]
}

/** Holds for clients in (or outside of) the countries, given as two-letter codes. */
export interface CountryCaveat {
  readonly type: 'geo.country'
  readonly filter: GeoFilter
  readonly list: readonly string[]
}

/** Holds for clients in (or outside of) the regions; a parsed caveat may hold names other than {@link GeoRegion}. */
export interface RegionCaveat {
  readonly type: 'geo.region'
  readonly filter: GeoFilter
  readonly list: readonly string[]
}

/** Holds where the token is presented to one of the services, e.g. `opw-*`. */
export interface ServiceCaveat {
  readonly type: 'service'
  readonly whitelist: readonly string[]
}

/** Holds where one of the consumers presents the token, e.g. `usr-<id>` or `grp-*`. */
export interface ConsumerCaveat {
  readonly type: 'consumer'
  readonly whitelist: readonly string[]
}

/** Holds where the token is presented through this interface. */
export interface InterfaceCaveat {
  readonly type: 'interface'
  readonly interface: OnedataInterface
}

/** Limits what may be called, e.g. `ozw/get/space.*.*:*`. Verification does not enforce it: services do. */
export interface ApiCaveat {
  readonly type: 'api'
  readonly whitelist: readonly string[]
}

/** Limits access to data to reading. Enforced by the service that gives access, not by verification. */
export interface DataReadonlyCaveat {
  readonly type: 'data.readonly'
}

/** Limits access to data to subtrees, each given as the base64 of a path. Enforced by the service that gives access. */
export interface DataPathCaveat {
  readonly type: 'data.path'
  readonly whitelist: readonly string[]
}

/** Limits access to data to the subtrees of CDMI objects. Enforced by the service that gives access. */
export interface DataObjectIdCaveat {
  readonly type: 'data.objectid'
  readonly whitelist: readonly string[]
}

/** Legacy: the token carries no authorisation. The one caveat that has no `type` in the API. */
export interface ScopeCaveat {
  readonly type?: undefined
  readonly scope: 'identityToken'
}

/** A caveat's text that means nothing to us. Comes from parsing only; it never holds. */
export interface UnknownCaveat {
  readonly type: 'unknown'
  readonly text: string
}

/** A caveat in the JSON form of the API (Onezone API, §4.1). */
export type KnownCaveat =
  | TimeCaveat
  | IpCaveat
  | AsnCaveat
  | CountryCaveat
  | RegionCaveat
  | ServiceCaveat
  | ConsumerCaveat
  | InterfaceCaveat
  | ApiCaveat
  | DataReadonlyCaveat
  | DataPathCaveat
  | DataObjectIdCaveat
  | ScopeCaveat

/** A restriction that a token carries. Discriminated by `type`, which is undefined for the legacy scope caveat. */
export type Caveat = KnownCaveat | UnknownCaveat

/** Name of a known caveat: its `type`, or `scope` for the caveat without one. */
export type CaveatName = Exclude<KnownCaveat['type'], undefined> | 'scope'

/** The caveat of a name. */
export type CaveatOf<N extends CaveatName> = N extends 'scope'
  ? ScopeCaveat
  : Extract<KnownCaveat, { readonly type: N }>
