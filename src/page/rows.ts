import { at, isMarked } from './dom.ts'

/** A row of a table or list, before it is made. */
export interface Row {
  /** All that it shows: one that says the same is left as it is. */
  readonly key: string
  readonly make: () => HTMLElement
}

/** More than fit on a screen. */
const ROWS_OF_FRAME = 60

interface Drawing {
  readonly keys: string[]
  frame: number
}

const drawings = new Map<string, Drawing>()

/** Draws rows: those first that are in sight, the rest frame by frame, so that many hold nothing up. */
export function drawRows(id: string, rows: readonly Row[]): void {
  const body = at(id)
  if (isMarked(body)) return
  const drawing = drawings.get(id) ?? { keys: [], frame: 0 }
  drawings.set(id, drawing)
  cancelAnimationFrame(drawing.frame)
  const { keys } = drawing
  const drawFrom = (first: number): void => {
    for (let place = first; place < first + ROWS_OF_FRAME; place++) {
      const row = rows[place]
      if (row === undefined) break
      if (keys[place] === row.key) continue
      const before = body.children[place]
      if (before === undefined) body.append(row.make())
      else before.replaceWith(row.make())
      keys[place] = row.key
    }
    const next = first + ROWS_OF_FRAME
    if (next < rows.length) drawing.frame = requestAnimationFrame(() => drawFrom(next))
  }
  while (body.children.length > rows.length) body.lastElementChild?.remove()
  keys.length = Math.min(keys.length, rows.length)
  drawFrom(0)
}
