import type { Caveat, Subject } from '../token/index.ts'
import { momentAndDistance } from './moment.ts'

/** A subject in words: `user alice`. */
export function describeSubject({ type, id }: Subject): string {
  return id === null ? type : `${type} ${id}`
}

/** A caveat in words. */
export function describeCaveat(caveat: Caveat, nowMs: number): string {
  switch (caveat.type) {
    case 'time':
      return `time: before ${momentAndDistance(caveat.validUntil, nowMs)}`
    case 'ip':
      return `ip: only from ${caveat.whitelist.join(' or ')}`
    case 'asn':
      return `asn: only from autonomous systems ${caveat.whitelist.join(' or ')}`
    case 'geo.country':
    case 'geo.region':
      return `${caveat.type}: ${caveat.filter === 'whitelist' ? 'only' : 'not'} from ${caveat.list.join(' or ')}`
    case 'service':
      return `service: only at ${caveat.whitelist.join(' or ')}`
    case 'consumer':
      return `consumer: only by ${caveat.whitelist.join(' or ')}`
    case 'interface':
      return `interface: only by ${caveat.interface}`
    case 'api':
      return `api: only ${caveat.whitelist.join(' or ')}`
    case 'data.readonly':
      return 'data.readonly: data may be read, not changed'
    case 'data.path':
      return `data.path: only below ${caveat.whitelist.map(decodePath).join(' or ')}`
    case 'data.objectid':
      return `data.objectid: only below ${caveat.whitelist.join(' or ')}`
    case 'unknown':
      return `unknown: ${JSON.stringify(caveat.text)}; the token cannot be used while this is not understood`
    case undefined:
      return 'authorization = none: says who, and allows nothing'
  }
}

function decodePath(base64: string): string {
  return JSON.stringify(Buffer.from(base64, 'base64').toString('utf8'))
}
