import { at, isMarked } from './dom.ts'

/** A row of a table or list, before it is made. */
export interface Row {
  /** Which one it is: where it stands elsewhere now it is moved, not made anew. */
  readonly name: string
  /** All that it shows: one that says the same is left as it is. */
  readonly key: string
  readonly make: () => HTMLElement
}

/** For how long rows are drawn in one go; the rest follows frame by frame, so that thousands hold nothing up. */
const FRAME_MS = 25

/** So many rows are laid out only where they are in sight. */
const MANY_ROWS = 50

interface DrawnRow {
  readonly key: string
  readonly element: HTMLElement
}

interface Drawing {
  readonly rows: Map<string, DrawnRow>
  frame: number
}

const drawings = new Map<string, Drawing>()

/** Draws rows, the first ones first: only what is new, says something else or stands elsewhere costs anything. */
export function drawRows(id: string, rows: readonly Row[]): void {
  const body = at(id)
  if (isMarked(body)) return
  body.classList.toggle('many', rows.length > MANY_ROWS)
  const drawing = drawings.get(id) ?? { rows: new Map<string, DrawnRow>(), frame: 0 }
  drawings.set(id, drawing)
  cancelAnimationFrame(drawing.frame)
  const drawn = drawing.rows
  const wanted = new Set(rows.map(({ name }) => name))
  for (const [name, { element }] of drawn) {
    if (wanted.has(name)) continue
    element.remove()
    drawn.delete(name)
  }
  let place = 0
  let next = body.firstElementChild

  function drawMore(): void {
    const fromMs = performance.now()
    for (; place < rows.length; place++) {
      if (performance.now() - fromMs > FRAME_MS) {
        drawing.frame = requestAnimationFrame(drawMore)
        return
      }
      const row = rows[place]
      if (row !== undefined) draw(row)
    }
  }

  function draw({ name, key, make }: Row): void {
    const before = drawn.get(name)
    const element = before?.key === key ? before.element : make()
    if (before !== undefined && before.element !== element) {
      if (next === before.element) next = element
      before.element.replaceWith(element)
    }
    drawn.set(name, { key, element })
    if (element === next) next = element.nextElementSibling
    else body.insertBefore(element, next)
  }

  drawMore()
}
