import { anthropic } from '../protocols/anthropic/index.ts'
import type { Mount } from './router.ts'

/**
 * Where clients reach each protocol. An agent's base URL ends with the prefix; the bare root answers only the
 * start-up probes of agents whose base URL has none.
 */
export const MOUNTS: readonly Mount[] = [
  { prefix: '/anthropic', protocol: anthropic },
  {
    prefix: '',
    protocol: {
      ...anthropic,
      endpoints: anthropic.endpoints.filter((endpoint) => endpoint.operation === 'probe'),
    },
  },
]
