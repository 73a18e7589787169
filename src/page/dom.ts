/** What is set on elements here, and nothing else: no attribute that runs or loads anything. */
export type Attributes = Readonly<
  Partial<
    Record<
      'class' | 'id' | 'title' | 'scope' | 'datetime' | 'colspan' | 'role' | 'tabindex' | 'for',
      string
    >
  > & { readonly [name: `data-${string}` | `aria-${string}`]: string }
>

export type Child = Node | string | null

/** Makes an element. Texts become text, whatever is in them. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children.filter((child) => child !== null))
  return element
}

/** Makes an element of a drawing. */
export function svg(
  tag: 'svg' | 'path' | 'line' | 'rect' | 'use' | 'circle',
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Node[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/** A sign from the set in the markup; words say the same beside it. */
export function icon(name: string): SVGElement {
  const drawing = svg('svg', { class: 'icon', 'aria-hidden': 'true', viewBox: '0 0 16 16' })
  drawing.append(svg('use', { href: `#icon-${name}` }))
  return drawing
}

/** The element of an id. */
export function at<Element extends HTMLElement = HTMLElement>(id: string): Element {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element as Element
}

/** Sets the text of an element, where it is another one: screen readers hear only what changes. */
export function setText(id: string, text: string): void {
  const element = at(id)
  if (element.textContent !== text) element.textContent = text
}

/** Whether somebody is marking something in an element, which would be lost if it changed. */
export function isMarked(element: Element): boolean {
  const marked = document.getSelection()
  return marked !== null && !marked.isCollapsed && element.contains(marked.anchorNode)
}

/** Replaces what is in an element, unless somebody is marking something in it. */
export function fill(id: string, ...children: readonly Child[]): void {
  const element = at(id)
  if (isMarked(element)) return
  element.replaceChildren(...children.filter((child) => child !== null))
}
