const UNITS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 365 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/** A moment in local time, and how far away it is: `2026-11-22 10:00:00 +01:00, in 2 hours`. */
export function momentAndDistance(unixSeconds: number, nowMs: number): string {
  const date = new Date(unixSeconds * 1000)
  if (Number.isNaN(date.getTime())) return `second ${unixSeconds} since 1970, out of any calendar`
  return `${localTime(date)}, ${distance(unixSeconds - nowMs / 1000)}`
}

function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset()
  const shifted = new Date(date.getTime() + offset * 60_000)
  if (Number.isNaN(shifted.getTime())) return date.toISOString()
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`
  return `${shifted.toISOString().slice(0, -5).replace('T', ' ')} ${zone}`
}

function pad(number: number): string {
  return String(number).padStart(2, '0')
}

function distance(seconds: number): string {
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  return words.format(Math.trunc(seconds / length), unit)
}
