import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** How many connections to a port of this machine a process has accepted and not closed, as Linux says it. */
export function openConnections(pid: number, port: number): number {
  const ESTABLISHED = '01'
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = new Set<string>()
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)) {
    const [, address = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    if (address.endsWith(local) && state === ESTABLISHED) inodes.add(inode)
  }
  const files = readdirSync(`/proc/${pid}/fd`)
  return files.filter((file) => inodes.has(inodeOf(`/proc/${pid}/fd/${file}`))).length
}

function inodeOf(file: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(file))?.[1] ?? ''
  } catch {
    return '' // closed meanwhile
  }
}
