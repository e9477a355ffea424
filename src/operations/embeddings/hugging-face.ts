import { compact, json, malformed } from '../body.ts'
import type { Codec } from '../operation.ts'
import { refuseEncodings, textsOf } from './embeddings.ts'
import type { EmbedAnswer, EmbedRequest, Vector } from './embeddings.ts'

/** https://huggingface.co/docs/inference-providers/tasks/feature-extraction: it tells no usage. */
export const huggingFace: Codec<EmbedRequest, EmbedAnswer> = {
  provider: {
    encode(request, _model) {
      refuseEncodings(request)
      const { dimensions, truncate } = request
      const truncation = truncate === undefined ? {} : { truncate: truncate !== 'none' }
      const direction = truncate === 'start' ? 'Left' : undefined
      const body = compact({
        inputs: textsOf(request),
        dimensions,
        ...truncation,
        truncation_direction: direction,
      })
      return { body: json(body), warnings: [] }
    },
    decode({ body }, { inputs }) {
      const vectors = body.kind === 'json' && Array.isArray(body.value) ? body.value : []
      // One input may come back as a bare vector.
      const float = vectors.every((each) => typeof each === 'number') ? [vectors] : vectors
      if (float.length !== inputs.length || !float.every(isVector))
        throw malformed('is not one vector for each input')
      return { vectors: { float }, usage: {} }
    },
  },
  usage: { fields: [], read: () => ({}) },
}

/** Models without pooling give a vector for each token instead. */
function isVector(value: unknown): value is Vector {
  return Array.isArray(value) && value.length > 0 && typeof value[0] === 'number'
}
