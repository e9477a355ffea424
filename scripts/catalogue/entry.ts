/** One line of the catalogue file; `src/models/catalogue.ts` explains the fields. */
export interface CatalogueEntry {
  context?: number
  max_output?: number
  input?: string[]
  tools?: boolean
  reasoning?: boolean
  efforts?: string[]
  sampling?: boolean
  adaptive?: boolean
  deprecated?: boolean
  price?: Rates
  tiers?: Tier[]
  batch_percent?: number
}

/** Pico-dollars by kind of unit. */
export type Rates = Record<string, number>
export type Tier = Rates & { above: number }

/** By `provider/model`. */
export type Entries = Map<string, CatalogueEntry>

/** $ per million tokens → pico-dollars a token. */
export function perMillion(dollars: number): number {
  return Math.round(dollars * 1e6)
}
