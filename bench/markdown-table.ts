/** A Markdown table whose columns also line up as plain text; those in `left` to the left, the others to the right. */
export function markdownTable(
  cells: readonly (readonly string[])[],
  left: readonly number[] = [0],
): string[] {
  const [head = []] = cells
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = row[column] ?? ''
      return left.includes(column) ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) =>
    left.includes(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(head), line(rule), ...cells.slice(1).map(line)]
}
