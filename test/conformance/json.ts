import type { Json } from '../support/provider/json.ts'

export type { Json }
export type JsonObject = Record<string, Json>
