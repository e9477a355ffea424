import { type Json, isObject, listOf } from './json.ts'
import type { Refusal } from './protocol.ts'
import { PIXEL, vectorOf } from './sample.ts'
import type { Service } from './service.ts'

/** `:predict`, which has a shape for each kind of model: embeddings of texts, and Imagen's pictures. */
export const vertexPredict: Service = {
  name: 'predict',
  check: ({ body }) => checkPredict(body),
  answer({ body }, { model = '' }) {
    const instances = listOf(body.instances)
    const { outputDimensionality, sampleCount = 1 } = body.parameters ?? {}
    if (model.startsWith('imagen-')) {
      const picture = { mimeType: 'image/png', bytesBase64Encoded: PIXEL }
      return { model, tokens: {}, json: { predictions: Array.from({ length: sampleCount }, () => picture) } }
    }
    const counts = instances.map((one) => Math.ceil(String(one.content).length / 4))
    const predictions = counts.map((token_count) => ({
      embeddings: { values: vectorOf(outputDimensionality), statistics: { truncated: false, token_count } },
    }))
    const tokens = { in: counts.reduce((sum, count) => sum + count, 0) }
    return { model, tokens, json: { predictions, metadata: { billableCharacterCount: tokens.in * 4 } } }
  },
}

function checkPredict(body: Json): Refusal | undefined {
  const unknown =
    isObject(body) && Object.keys(body).find((name) => !['instances', 'parameters'].includes(name))
  if (unknown) {
    return {
      status: 400,
      message: `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`,
    }
  }
  const instances = listOf(body?.instances)
  if (instances.length === 0) return { status: 400, message: 'Empty instances.' }
  const isWhole = instances.every((one) => typeof (one.content ?? one.prompt) === 'string')
  return isWhole ? undefined : { status: 400, message: 'The text content is empty.' }
}
