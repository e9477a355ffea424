import type { CompilePattern } from './model-list.ts'

/** What only some files need, and what takes longer to load than the rest of a start. */
export interface Tools {
  /** For model lists with `regex:`. */
  readonly compilePattern?: CompilePattern | undefined
}

/** Loads what a file with this text may need. */
export async function loadTools(text: string): Promise<Tools> {
  if (!text.includes('regex:')) return {}
  const { compilePattern } = await import('../../lib/cel/pattern.ts')
  return { compilePattern }
}
