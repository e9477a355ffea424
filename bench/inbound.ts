/** Calls without a network, for what is measured inside this process. */
import type { Call, Reply } from '../src/pipeline/call.ts'
import { readRequest } from '../src/pipeline/read-request.ts'
import type { InboundRequest } from '../src/pipeline/read-request.ts'
import { anthropic } from '../src/protocols/anthropic/index.ts'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../src/providers/index.ts'
import type { Configuration } from '../src/stores/config/configuration.ts'
import { loadConfiguration } from '../src/stores/config/load.ts'

export async function loadBenchConfiguration(appDir: string): Promise<Configuration> {
  const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }
  return (await loadConfiguration({ registry, environment: {}, appDir, version: 1 })).configuration
}

export const HEADERS = {
  host: '127.0.0.1:8080',
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'claude-cli/2.1.329 (external, cli)',
  'x-api-key': 'bench-placeholder',
  'x-app': 'cli',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
}

/** A call as the edge hands it over, and its request read. */
export async function inboundCall(
  body: Buffer,
  configuration: Configuration,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ call: Call; request: InboundRequest }> {
  const call = callWith(body, headers)
  return { call, request: await readRequest(call, configuration) }
}

export function callWith(body: Buffer, headers: Readonly<Record<string, string>> = {}): Call {
  return {
    id: '00000000-0000-4000-8000-000000000000',
    protocol: anthropic,
    operation: 'generate',
    endpoint: anthropic.endpoints[0]!,
    preferredProviders: [],
    isUnified: false,
    path: '/anthropic/v1/messages',
    query: new URLSearchParams(),
    queryText: '',
    parameters: {},
    pathModel: undefined,
    headers: { ...HEADERS, 'content-length': String(body.length), ...headers },
    receivedAtMs: 0,
    startedAt: performance.now(),
    readBody: () => Promise.resolve(body),
    releaseBody: () => {},
    reply: undefined as unknown as Reply,
  }
}
