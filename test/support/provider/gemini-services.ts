import { camelCased, checkFields } from './gemini-fields.ts'
import { type Json, isObject, listOf } from './json.ts'
import type { Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import { vectorOf } from './sample.ts'
import type { Service } from './service.ts'

/** `:embedContent` and `:batchEmbedContents`. */
export const geminiEmbeddings = (batch: boolean): Service => ({
  name: batch ? 'batchEmbedContents' : 'embedContent',
  check: ({ body }) => checkEmbed(body, batch),
  answer: (request, { model = '' }) => {
    const requests = batch ? listOf(bodyOf(request, batch).requests) : [bodyOf(request, batch)]
    const embeddings = requests.map((one) => ({ values: vectorOf(one.outputDimensionality) }))
    const tokens = Math.ceil(request.bodyBytes.length / 4)
    const usageMetadata = { promptTokenCount: tokens, totalTokenCount: tokens }
    const json = batch ? { embeddings, usageMetadata } : { embedding: embeddings[0], usageMetadata }
    return { model, tokens: { in: tokens }, json }
  },
})

const messageOf = (batch: boolean) => (batch ? 'BatchEmbedContentsRequest' : 'EmbedContentRequest')

const bodyOf = ({ body }: RecordedRequest, batch: boolean): Json => camelCased(body ?? {}, messageOf(batch))

function checkEmbed(body: Json, batch: boolean): Refusal | undefined {
  if (!isObject(body))
    return { status: 400, message: 'Invalid JSON payload received. Unexpected end of string.' }
  const unknown = checkFields(body, messageOf(batch))
  if (unknown.length > 0) return { status: 400, message: unknown.join('\n') }
  const requests = batch ? listOf(camelCased(body, messageOf(batch)).requests) : [body]
  const empty = requests.some((one) => listOf(one.content?.parts).length === 0)
  const kind = batch ? 'BatchEmbedContentsRequest.requests[0]' : 'EmbedContentRequest'
  return requests.length === 0 || empty
    ? { status: 400, message: `* ${kind}.content: contents is not specified\n` }
    : undefined
}
