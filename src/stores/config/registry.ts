import type { customProvider } from '../../providers/index.ts'
import type { Provider } from '../../providers/provider.ts'
import type { Notice } from './notice.ts'

/** What the configuration may name, handed in by the composition root: see `providers/index.ts`. */
export interface Registry {
  readonly providers: ReadonlyMap<string, Provider>
  readonly customProvider: typeof customProvider
  /** What `base_provider_type` can name and this version reaches. */
  readonly customBaseTypes: readonly string[]
}

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What compiling providers reads, and where it says what cannot be used. */
export interface ProviderContext {
  readonly registry: Registry
  readonly environment: Environment
  readonly notices: Notice[]
}
