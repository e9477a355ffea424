import { anthropic } from './wires/anthropic.ts'
import { bedrockConverse } from './wires/bedrock-converse.ts'
import { claudeOnBedrock, claudeOnVertex } from './wires/claude-in-clouds.ts'
import { cohere } from './wires/cohere.ts'
import { gemini } from './wires/gemini.ts'
import { openaiChat } from './wires/openai-chat.ts'
import { openaiResponses } from './wires/openai-responses.ts'
import type { Wire } from './wire.ts'

/** Who asks. */
export interface Client {
  id: string
  wire: Wire
}

/** Who answers. */
export interface Upstream {
  id: string
  wire: Wire
  /** As the client names it, with its provider: one that has the capability. */
  model(capability?: string): string
}

const WIRES = [
  anthropic,
  openaiChat,
  openaiResponses,
  gemini,
  bedrockConverse,
  claudeOnBedrock,
  claudeOnVertex,
  cohere,
]

export const CLIENTS: readonly Client[] = WIRES.map((wire) => ({ id: wire.id, wire }))

const MODELS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic/claude-sonnet-4-5',
  'openai-chat': 'openrouter/openai/gpt-5.1',
  'openai-responses': 'responses/gpt-5.1',
  gemini: 'gemini/gemini-2.5-pro',
  'bedrock-converse': 'bedrock/openai.gpt-oss-120b-1:0',
  // The one thinks and keeps to schemas, the other sees.
  'bedrock-converse image': 'bedrock/us.amazon.nova-premier-v1:0',
  'claude-on-bedrock': 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'claude-on-vertex': 'vertex/claude-sonnet-4-5',
  cohere: 'cohere/command-a-03-2025',
  'cohere image': 'cohere/command-a-vision-07-2025',
  'cohere thinking': 'cohere/command-a-reasoning-08-2025',
}

export const UPSTREAMS: readonly Upstream[] = WIRES.map((wire) => ({
  id: wire.id,
  wire,
  model: (capability) => MODELS[`${wire.id} ${capability}`] ?? MODELS[wire.id]!,
}))

/**
 * The API in which the upstream is asked. A client that speaks Converse is served in it by every model of Bedrock,
 * Claude too.
 */
export function spokenWith(client: Client, upstream: Upstream): Wire {
  return client.wire === bedrockConverse && upstream.wire === claudeOnBedrock
    ? bedrockConverse
    : upstream.wire
}

/** `providers` of a configuration in which each model leads to the service at `url`. */
export function providersAt(url: string): Record<string, unknown> {
  const key = { name: 'k', value: 'secret-key' }
  const at = (base_url: string, keys: object[], rest: object = {}) => ({
    keys,
    network_config: { base_url },
    ...rest,
  })
  const custom = (allowed: string[]) => ({
    custom_provider_config: {
      base_provider_type: 'openai',
      allowed_requests: Object.fromEntries(allowed.map((name) => [name, true])),
    },
  })
  return {
    anthropic: at(url, [key]),
    openrouter: at(url, [key]),
    responses: at(url, [key], custom(['responses', 'responses_stream'])),
    gemini: at(`${url}/v1beta`, [key]),
    bedrock: at(url, [{ ...key, bedrock_key_config: { region: 'us-east-1' } }]),
    cohere: at(url, [key]),
    vertex: at(url, [{ ...key, vertex_key_config: { project_id: 'p', region: 'global' } }]),
  }
}
