import { GatewayError } from '../../message/error.ts'
import { stringifyJson } from '../../protocols/shared/json.ts'
import type { Fields } from '../../protocols/shared/openai-fields.ts'
import { compact, fieldsOf, json } from '../body.ts'
import type { AnswerContext, Body, Codec } from '../operation.ts'
import type { RerankAnswer, RerankDocument, RerankRequest } from './rerank.ts'

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html, as clients call it. */
export const bedrockRerank: Codec<RerankRequest, RerankAnswer> = {
  client: { decode, encode },
  usage: { fields: [], read: () => ({}) },
}

function decode(body: Body) {
  const fields = fieldsOf(body)
  const query = fields.objects('queries')?.[0]?.object('textQuery')
  const sources = fields.objects('sources') ?? []
  if (query === undefined || sources.length === 0) {
    const field = query === undefined ? 'queries' : 'sources'
    throw new GatewayError('invalid_request', `${field}: expected one at least.`, { field })
  }
  const top = settings(fields)?.number('numberOfResults')
  const request: RerankRequest = {
    query: query.required('text', query.string('text')),
    documents: sources.map(decodeSource),
    ...compact({ top }),
    returnsDocuments: false,
  }
  return { request, stream: false, warnings: [] }
}

/** An inline source is a text, or JSON that is ranked as its text. */
function decodeSource(source: Fields): RerankDocument {
  const inline = source.required('inlineDocumentSource', source.object('inlineDocumentSource'))
  const text = inline.object('textDocument')?.string('text')
  const data = inline.object('jsonDocument')?.raw
  return { text: inline.required('textDocument.text', text ?? (data && stringifyJson(data))) }
}

function settings(fields: Fields): Fields | undefined {
  return fields.object('rerankingConfiguration')?.object('bedrockRerankingConfiguration')
}

/** The model is named deep in the body, by its ARN. */
export function rerankModel(body: Body): string {
  const model = settings(fieldsOf(body))?.object('modelConfiguration')?.string('modelArn') ?? ''
  const field = 'rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn'
  if (model === '') throw new GatewayError('invalid_request', `${field}: expected a model.`, { field })
  return model
}

function encode({ results }: RerankAnswer, _context: AnswerContext<RerankRequest>): Body {
  return json({ results: results.map(({ index, score }) => ({ index, relevanceScore: score })) })
}
