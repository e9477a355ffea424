import { looksLikeClaude, vendorOf } from '../models/names.ts'
import { pathSegment } from '../operations/template.ts'
import { vertex as dialect } from '../protocols/anthropic/dialects.ts'
import { anthropic } from '../protocols/anthropic/index.ts'
import { gemini } from '../protocols/gemini/index.ts'
import { openaiChat } from '../protocols/openai-chat/index.ts'
import { authorizeGoogle } from './cloud-auth.ts'
import type { CloudSettings, VertexSettings } from './authorization.ts'
import { OPERATIONS } from './operations.ts'
import type { Place, Provider } from './provider.ts'

/** https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest */
export const vertex: Provider = {
  id: 'vertex',
  surfaces: [
    {
      protocol: gemini,
      paths: {
        generate: (place) =>
          googlePath(place, place.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'),
        countTokens: (place) => googlePath(place, 'countTokens'),
      },
      quirks: {},
      serves: (model) => vendorOf(model) === 'gemini' || isTuned(model),
    },
    {
      protocol: anthropic,
      dialect,
      paths: {
        generate: (place) =>
          claudePath(place, `${claudeId(place)}:${place.stream ? 'streamRawPredict' : 'rawPredict'}`),
        countTokens: (place) => claudePath(place, 'count-tokens:rawPredict'),
      },
      // `output_config.format` is an extra input there.
      quirks: { jsonSchema: false },
      serves: (model, requested) => looksLikeClaude(model) || looksLikeClaude(requested),
    },
    {
      // Models of others in the garden: `meta/llama-4-…-maas`. Google's own are served there, too, but only as
      // `google/…`; a client of this very protocol would be sent here with the bare name, and get a 400.
      protocol: openaiChat,
      paths: { generate: ({ cloud }) => `${locationPath(cloud)}/endpoints/openapi/chat/completions` },
      serves: (model, requested) =>
        !looksLikeClaude(model) && !looksLikeClaude(requested) && vendorOf(model) !== 'gemini',
      quirks: {
        maxTokensField: 'max_tokens',
        systemRole: 'system',
        userField: 'none',
        parallelToolCalls: false,
      },
    },
  ],
  cloud: { kind: 'vertex', baseUrl: ({ region }: VertexSettings) => `https://${hostOf(region)}` },
  operations: OPERATIONS['vertex'],
  authorize: authorizeGoogle,
}

/** The worldwide endpoint, those of a continent, and those of a region each have names of another form. */
function hostOf(region: string): string {
  if (region === 'global') return 'aiplatform.googleapis.com'
  if (region === 'us' || region === 'eu') return `aiplatform.${region}.rep.googleapis.com`
  return `${region}-aiplatform.googleapis.com`
}

/** A model that somebody trained further has a number for a name. */
function isTuned(model: string): boolean {
  return /^\d+$/.test(model)
}

function locationPath(cloud: CloudSettings | undefined, isByNumber = false): string {
  if (cloud?.kind !== 'vertex') throw new Error('a key of vertex without its project')
  const project = isByNumber ? (cloud.projectNumber ?? cloud.projectId) : cloud.projectId
  return `/v1/projects/${project}/locations/${cloud.region}`
}

function googlePath({ model, cloud }: Place, method: string): string {
  return isTuned(model)
    ? `${locationPath(cloud, true)}/endpoints/${model}:${method}`
    : `${locationPath(cloud)}/publishers/google/models/${pathSegment('model', model)}:${method}`
}

/** Versions of Claude stand behind an at-sign, which Google's own clients leave as it is. */
function claudeId({ model }: Place): string {
  return pathSegment('model', model).replaceAll('%40', '@')
}

function claudePath({ cloud }: Place, end: string): string {
  return `${locationPath(cloud)}/publishers/anthropic/models/${end}`
}
