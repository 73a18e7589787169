import { el, svg } from './dom.ts'

/** One line of a chart. */
export interface Series {
  /** Says in the style sheet how it is drawn. */
  readonly kind: string
  readonly values: readonly (number | null)[]
}

/** What a chart is drawn of. */
export interface ChartOptions {
  readonly series: readonly Series[]
  /** One lies on top of the other. */
  readonly stacked: boolean
  /** How many samples fill the whole width. */
  readonly slots: number
  readonly height: number
  /** A line across, to hold the values against; it is always in sight. @default none */
  readonly bound?: number
  /** What it shows, for those who do not see it. */
  readonly label: string
}

const WIDTH = 600
/** Above the greatest value. */
const HEADROOM = 1.12

/** Draws a chart: newest at the right edge, zero at the bottom. */
export function chart(options: ChartOptions): SVGElement {
  const { series, stacked, slots, height, bound, label } = options
  const layers = stacked ? stack(series) : series.map(({ values }) => values)
  const greatest = Math.max(bound ?? 0, ...layers.flatMap((layer) => layer.map((v) => v ?? 0)))
  const top = greatest === 0 ? 1 : greatest * HEADROOM
  const y = (value: number): number => height - (value / top) * height
  const drawing = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${height}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': label,
  })
  for (const part of [0.25, 0.5, 0.75]) {
    drawing.append(line('grid', height * part))
  }
  for (const [index, layer] of layers.entries()) {
    const kind = series[index]?.kind ?? ''
    // Stacked areas do not overlap, or their colours would mix.
    const ground = stacked ? layers[index - 1] : undefined
    const x = (at: number): number => WIDTH - ((layer.length - 1 - at) / (slots - 1)) * WIDTH
    const own = series[index]?.values ?? []
    // Where a layer adds nothing its line would hide that of the layer below.
    const drawn = stacked ? layer.map((value, at) => (isSeen(own, at) ? value : null)) : layer
    for (const run of runsOf(drawn)) {
      const outline = run.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`)
      const foot = run.map(([at]) => `${x(at).toFixed(1)},${y(ground?.[at] ?? 0).toFixed(1)}`)
      const band = [...outline, ...foot.toReversed()]
      drawing.append(svg('path', { class: `area ${kind}`, d: `M${band.join('L')}Z` }))
      drawing.append(svg('path', { class: `line ${kind}`, d: `M${outline.join('L')}` }))
    }
  }
  if (bound !== undefined) drawing.append(line('bound', y(bound)))
  return drawing
}

function line(kind: string, y: number): SVGElement {
  return svg('line', { class: kind, x1: 0, x2: WIDTH, y1: y.toFixed(1), y2: y.toFixed(1) })
}

function stack(series: readonly Series[]): number[][] {
  const sums: number[] = []
  return series.map(({ values }) =>
    values.map((value, at) => {
      const sum = (sums[at] ?? 0) + (value ?? 0)
      sums[at] = sum
      return sum
    }),
  )
}

/** Whether there is something at a place or beside it, so that a slope begins at its foot. */
function isSeen(values: Series['values'], at: number): boolean {
  return [at - 1, at, at + 1].some((place) => (values[place] ?? 0) > 0)
}

/** Parts without a gap. */
function runsOf(values: readonly (number | null)[]): [at: number, value: number][][] {
  const runs: [number, number][][] = []
  let run: [number, number][] | null = null
  values.forEach((value, at) => {
    if (value === null) {
      run = null
    } else if (run === null) {
      run = [[at, value]]
      runs.push(run)
    } else {
      run.push([at, value])
    }
  })
  return runs
}

/** Draws how much of a bound is used up. */
export function meter(part: number, health: string, label: string): SVGElement {
  const used = Math.max(0, Math.min(1, part)) * WIDTH
  return svg(
    'svg',
    {
      class: 'meter',
      viewBox: `0 0 ${WIDTH} 12`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': label,
    },
    svg('rect', { class: 'rail', x: 0, y: 0, width: WIDTH, height: 12 }),
    svg('rect', { class: `used ${health}`, x: 0, y: 0, width: used.toFixed(1), height: 12 }),
  )
}

/** A number with its name, and what it has been of late. */
export function figure(
  name: string,
  value: string,
  detail: string,
  drawing: SVGElement | null = null,
): HTMLElement {
  return el(
    'div',
    { class: 'figure' },
    el('dt', {}, name),
    el('dd', {}, el('b', {}, value), el('span', { class: 'detail' }, detail), drawing),
  )
}
