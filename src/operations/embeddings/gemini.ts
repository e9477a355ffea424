import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import type { Fields } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact, fieldsOf, json, listOf, malformed, objectOf, objectsOf, unsupported } from '../body.ts'
import type { Codec, DecodedRequest, UpstreamAnswer } from '../operation.ts'
import { refuseEncodings } from './embeddings.ts'
import type { EmbedAnswer, EmbedInput, EmbedPurpose, EmbedRequest, Vector } from './embeddings.ts'

/** https://ai.google.dev/api/embeddings: `embedContent` makes one vector, `batchEmbedContents` many. */
export const gemini: Codec<EmbedRequest, EmbedAnswer> = {
  client: {
    decode: (body) => {
      const fields = fieldsOf(body)
      return decoded([{ ...decodeOne(fields), at: fields }])
    },
    encode: ({ vectors, usage }) =>
      json({ embedding: { values: vectors.float[0] ?? [] }, ...usageMetadata(usage) }),
  },
  provider: {
    encode(request, _model) {
      const [only, ...others] = request.inputs
      if (only === undefined || others.length > 0)
        throw unsupported('input', `this model takes one input per request, not ${request.inputs.length}.`)
      return { body: json(encodeOne(only, request)), warnings: [] }
    },
    decode: (answer) => decodeAnswer(answer, [objectOf(answer).embedding]),
  },
  usage: { fields: ['usageMetadata'], read: (answer) => readUsage(objectOf(answer).usageMetadata) },
  namesModelInside: true,
}

export const geminiBatch: Codec<EmbedRequest, EmbedAnswer> = {
  client: {
    decode: (body) => {
      const fields = fieldsOf(body)
      const requests = fields.objects('requests') ?? []
      if (requests.length === 0)
        throw new GatewayError('invalid_request', 'requests: expected one request at least.', {
          field: 'requests',
        })
      return decoded(requests.map((each) => ({ ...decodeOne(each), at: each })))
    },
    encode: ({ vectors, usage }) =>
      json({ embeddings: vectors.float.map((values) => ({ values })), ...usageMetadata(usage) }),
  },
  provider: {
    encode(request, model) {
      const requests = request.inputs.map((input) => ({
        model: resource(model),
        ...encodeOne(input, request),
      }))
      return { body: json({ requests }), warnings: [] }
    },
    decode: (answer) => decodeAnswer(answer, listOf(objectOf(answer).embeddings)),
  },
  usage: gemini.usage,
  namesModelInside: true,
}

/** https://ai.google.dev/api/embeddings#v1beta.TaskType */
export const TASK_TYPES: Readonly<Record<EmbedPurpose, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
  similarity: 'SEMANTIC_SIMILARITY',
  question: 'QUESTION_ANSWERING',
  fact: 'FACT_VERIFICATION',
  code: 'CODE_RETRIEVAL_QUERY',
}

/** Google's words for a purpose; an unknown one means the same as none. */
export function purposeOf(taskType: string | undefined): EmbedPurpose | undefined {
  const entry = Object.entries(TASK_TYPES).find(([, word]) => word === taskType)
  return entry?.[0] as EmbedPurpose | undefined
}

interface One {
  input: EmbedInput
  purpose: EmbedPurpose | undefined
  dimensions: number | undefined
}

function decodeOne(fields: Fields): One {
  const content = fields.required('content', fields.object('content'))
  const input = decodeParts(content.objects('parts') ?? [], content)
  const title = fields.string('title')
  return {
    input: title === undefined || input.type !== 'text' ? input : { ...input, title },
    purpose: purposeOf(fields.string('taskType') ?? fields.string('task_type')),
    dimensions: fields.number('outputDimensionality') ?? fields.number('output_dimensionality'),
  }
}

/** Texts count as one; an image stands alone. */
function decodeParts(parts: readonly Fields[], content: Fields): EmbedInput {
  const image = parts[0]?.object('inlineData') ?? parts[0]?.object('inline_data')
  if (parts.length === 1 && image !== undefined) {
    const mediaType = image.string('mimeType') ?? image.string('mime_type') ?? ''
    return { type: 'image', mediaType, data: image.required('data', image.string('data')) }
  }
  const texts = parts.map((part) => part.string('text'))
  if (texts.length === 0 || texts.includes(undefined))
    throw unsupported(content.path('parts'), 'other providers embed texts, or one image.')
  return { type: 'text', text: texts.join('') }
}

/** A request of the hub has its purpose and size once. */
function decoded(all: readonly (One & { at: Fields })[]): DecodedRequest<EmbedRequest> {
  const first = all[0]!
  for (const { purpose, dimensions, at } of all) {
    if (purpose !== first.purpose)
      throw unsupported(at.path('taskType'), 'other providers take one task for all inputs.')
    if (dimensions !== first.dimensions)
      throw unsupported(at.path('outputDimensionality'), 'other providers take one size for all vectors.')
  }
  const { purpose, dimensions } = first
  return {
    request: {
      inputs: all.map(({ input }) => input),
      ...compact({ purpose, dimensions }),
      encodings: ['float'],
    },
    stream: false,
    warnings: [],
  }
}

function encodeOne(input: EmbedInput, request: EmbedRequest): JsonObject {
  refuseEncodings(request)
  if (input.type === 'tokens')
    throw unsupported(
      'input',
      'this provider embeds texts; it does not take tokens of another model’s tokenizer.',
    )
  const part =
    input.type === 'text'
      ? { text: input.text }
      : { inlineData: { mimeType: input.mediaType, data: input.data } }
  return compact({
    content: { parts: [part] },
    taskType: request.purpose === undefined ? undefined : TASK_TYPES[request.purpose],
    title: input.type === 'text' ? input.title : undefined,
    outputDimensionality: request.dimensions,
  })
}

/** Google's APIs name a model as a resource. */
function resource(model: string): string {
  return model.includes('/') ? model : `models/${model}`
}

function decodeAnswer(answer: UpstreamAnswer, embeddings: readonly unknown[]): EmbedAnswer {
  const vectors = objectsOf(embeddings).map(({ values }) => values)
  if (vectors.length === 0 || !vectors.every(Array.isArray)) throw malformed('has no embeddings')
  return { vectors: { float: vectors as Vector[] }, usage: readUsage(objectOf(answer).usageMetadata) }
}

function readUsage(metadata: unknown): Partial<Usage> {
  const inputTokens = isObject(metadata) ? tokenCount(metadata.promptTokenCount) : undefined
  return inputTokens === undefined ? {} : { inputTokens }
}

function usageMetadata({ inputTokens }: Partial<Usage>): JsonObject {
  return inputTokens === undefined ? {} : { usageMetadata: { promptTokenCount: inputTokens } }
}
