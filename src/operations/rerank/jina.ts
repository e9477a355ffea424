import { compact, dropped, json, objectOf, textOf } from '../body.ts'
import type { Codec } from '../operation.ts'
import type { RerankAnswer, RerankRequest } from './rerank.ts'
import { readResults, readUsage } from './results.ts'

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api: texts in, tokens billed. */
export const jina: Codec<RerankRequest, RerankAnswer> = {
  provider: {
    encode: ({ query, documents, top, maxTokensPerDocument, priority }, model) => ({
      body: json(
        compact({
          model,
          query,
          documents: documents.map(({ text }) => text),
          top_n: top,
          return_documents: false,
        }),
      ),
      warnings: [
        ...(maxTokensPerDocument === undefined ? [] : [dropped('max_tokens_per_doc')]),
        ...(priority === undefined ? [] : [dropped('priority')]),
      ],
    }),
    decode(answer, request) {
      const body = objectOf(answer)
      return {
        ...compact({ id: textOf(body.id), model: textOf(body.model) }),
        results: readResults(body, request),
        usage: readUsage(body),
      }
    },
  },
  usage: { fields: ['usage', 'meta'], read: (answer) => readUsage(objectOf(answer)) },
}
