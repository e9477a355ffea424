/** What the API lets a family of models do. First match wins. */
export interface GeminiModel {
  pattern: RegExp
  /** How thinking is set: by budget in a range, or by level. */
  thinking: { budgetMin: number; budgetMax: number; canStop: boolean } | { levels: string[] }
  /** Calls must come back with the signature that they were given. */
  signatures: boolean
  /** Functions, Google's own tools and JSON answers may be asked for together. */
  combines: boolean
}

const FAMILIES: GeminiModel[] = [
  {
    pattern: /^gemini-2\.5-pro/,
    thinking: { budgetMin: 128, budgetMax: 32_768, canStop: false },
    signatures: false,
    combines: false,
  },
  {
    pattern: /^gemini-2/,
    thinking: { budgetMin: 0, budgetMax: 24_576, canStop: true },
    signatures: false,
    combines: false,
  },
  {
    pattern: /^gemini-3(\.\d+)?-pro/,
    thinking: { levels: ['LOW', 'MEDIUM', 'HIGH'] },
    signatures: true,
    combines: true,
  },
  {
    pattern: /^gemini-/,
    thinking: { levels: ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] },
    signatures: true,
    combines: true,
  },
]

export const geminiModel = (id: string): GeminiModel | undefined =>
  FAMILIES.find((family) => family.pattern.test(id))
