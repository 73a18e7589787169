const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `12,345` */
export function count(value: number): string {
  return WHOLE.format(value)
}

/** Three digits that matter: `0.12`, `3.4`, `180`. */
export function rate(value: number): string {
  if (value === 0) return '0'
  if (value >= 100) return WHOLE.format(value)
  return value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)
}

/** A span of time in the unit that fits: `84 µs`, `3.2 ms`, `1.4 s`. */
export function span(ms: number | null): string {
  if (ms === null) return '–'
  if (ms === 0) return '0 ms'
  if (ms < 0.995) return `${Math.round(ms * 1000)} µs`
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 995) return `${Math.round(ms)} ms`
  return ms < 99_500 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}

/** `96 %` */
export function percent(part: number | null): string {
  if (part === null) return '–'
  return part > 0.995 && part < 1 ? `${(part * 100).toFixed(1)} %` : `${Math.round(part * 100)} %`
}

/** How long ago, or how long since: `4 s`, `12 min`, `3 h 20 min`, `5 d 2 h`. */
export function since(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000))
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit))
  if (!minutes) return `${seconds} s`
  if (!hours) return `${minutes} min`
  if (!days) return `${hours} h ${minutes % 60} min`
  return `${days} d ${hours % 24} h`
}

/** `14:03:59`, in the time of whoever looks. */
export function clockTime(iso: string): string {
  return new Date(iso).toLocaleTimeString('en-GB')
}
