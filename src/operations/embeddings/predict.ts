import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import type { Fields } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact, fieldsOf, json, leftOut, malformed, objectOf, objectsOf, unsupported } from '../body.ts'
import type { Body, Codec } from '../operation.ts'
import { refuseEncodings } from './embeddings.ts'
import type { EmbedAnswer, EmbedInput, EmbedRequest, Vector } from './embeddings.ts'
import { TASK_TYPES, purposeOf } from './gemini.ts'

/** https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
export const predict: Codec<EmbedRequest, EmbedAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode(request, _model) {
      refuseEncodings(request)
      return {
        body: json(
          compact({
            instances: request.inputs.map((input) => encodeInstance(input, request)),
            parameters: parametersOf(request),
          }),
        ),
        warnings: [],
      }
    },
    decode(answer) {
      const found = embeddingsOf(objectOf(answer))
      if (found.length === 0) throw malformed('has no embeddings')
      return { vectors: { float: found.map(({ values }) => values as Vector) }, usage: sumOf(found) }
    },
  },
  usage: { fields: ['predictions'], read: (answer) => sumOf(embeddingsOf(objectOf(answer))) },
}

const KNOWN = new Set(['instances', 'parameters'])

function decode(body: Body) {
  const fields = fieldsOf(body)
  const instances = fields.objects('instances') ?? []
  const first = instances[0]
  if (first === undefined)
    throw new GatewayError('invalid_request', 'instances: expected one instance at least.', {
      field: 'instances',
    })
  const task = taskOf(first)
  for (const each of instances)
    if (taskOf(each) !== task)
      throw unsupported(each.path('task_type'), 'other providers take one task for all inputs.')
  const parameters = fields.object('parameters')
  const truncates = parameters?.boolean('autoTruncate')
  const request: EmbedRequest = {
    inputs: instances.map(decodeInstance),
    ...compact({
      purpose: purposeOf(task),
      dimensions: parameters?.number('outputDimensionality'),
      truncate: truncates === undefined ? undefined : truncates ? 'end' : 'none',
    }),
    encodings: ['float'],
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function taskOf(instance: Fields): string | undefined {
  return instance.string('task_type') ?? instance.string('taskType')
}

function decodeInstance(instance: Fields): EmbedInput {
  const text = instance.required('content', instance.string('content'))
  return { type: 'text', text, ...compact({ title: instance.string('title') }) }
}

function encodeInstance(input: EmbedInput, { purpose }: EmbedRequest): JsonObject {
  if (input.type !== 'text')
    throw unsupported(
      'input',
      'this provider embeds texts, not images or tokens of another model’s tokenizer.',
    )
  return compact({
    content: input.text,
    task_type: purpose === undefined ? undefined : TASK_TYPES[purpose],
    title: input.title,
  })
}

function parametersOf({ dimensions, truncate }: EmbedRequest): JsonObject | undefined {
  if (dimensions === undefined && truncate === undefined) return undefined
  return compact({
    outputDimensionality: dimensions,
    autoTruncate: truncate === undefined ? undefined : truncate !== 'none',
  })
}

function embeddingsOf(body: JsonObject): JsonObject[] {
  return objectsOf(body.predictions).map(({ embeddings }) => {
    if (isObject(embeddings) && Array.isArray(embeddings.values)) return embeddings
    throw malformed('has a prediction without a vector')
  })
}

function sumOf(embeddings: readonly JsonObject[]): Partial<Usage> {
  const counts = embeddings.map(({ statistics }) =>
    isObject(statistics) ? tokenCount(statistics.token_count) : undefined,
  )
  if (counts.every((count) => count === undefined)) return {}
  return { inputTokens: counts.reduce<number>((sum, count) => sum + (count ?? 0), 0) }
}

function encodeAnswer({ vectors, usage }: EmbedAnswer): Body {
  // The count is told for each input; another provider's sum is told with the first.
  const statistics = (at: number) => ({
    truncated: false,
    token_count: at === 0 ? (usage.inputTokens ?? 0) : 0,
  })
  return json({
    predictions: vectors.float.map((values, at) => ({ embeddings: { values, statistics: statistics(at) } })),
  })
}
