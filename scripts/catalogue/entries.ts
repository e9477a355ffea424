import type { CatalogueEntry } from '../../src/models/catalogue.ts'

/** By `provider/model`. */
export type Entries = Map<string, CatalogueEntry>
