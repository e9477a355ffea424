import { listOf } from './json.ts'
import { vectorOf } from './sample.ts'
import type { Service } from './service.ts'

/** Embeddings by `invoke`: Amazon's Titan takes one text, Cohere's models take several and count in a header. */
export const bedrockEmbeddings: Service = {
  name: 'embeddings',
  check({ body }, { model = '' }) {
    const [field, isThere] = model.includes('titan')
      ? ['inputText', typeof body?.inputText === 'string']
      : ['texts', listOf(body?.texts).length > 0]
    if (isThere) return undefined
    const message = `Malformed input request: #: required key [${field}] not found, please reformat your input and try again.`
    return { status: 400, message }
  },
  answer({ body }, { model = '' }) {
    if (model.includes('titan')) {
      const tokens = Math.ceil(body.inputText.length / 4)
      const embedding = vectorOf(body.dimensions)
      return { model, tokens: { in: tokens }, json: { embedding, inputTextTokenCount: tokens } }
    }
    const texts = listOf(body.texts)
    const tokens = texts.reduce((sum, text) => sum + Math.ceil(text.length / 4), 0)
    const embeddings = texts.map(() => vectorOf())
    const json = { id: 'scripted', texts, embeddings, response_type: 'embeddings_floats' }
    const headers = { 'x-amzn-bedrock-input-token-count': String(tokens) }
    return { model, tokens: { in: tokens }, json, headers }
  },
}
