import { transformSync } from 'esbuild'

/** A TypeScript text as JavaScript, for a process of its own: it starts in a fraction of the time that tsx takes. */
export function withoutTypes(text: string): string {
  return transformSync(text, { loader: 'ts' }).code
}
