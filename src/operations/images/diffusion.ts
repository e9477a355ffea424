import { compact, dropped, json } from '../body.ts'
import type { Codec } from '../operation.ts'
import type { ImageAnswer, ImageRequest } from './images.ts'
import { decodeAnswer, openaiGeneration } from './openai.ts'

/** Fields that no server of open weights has, by their name in OpenAI's API. */
const ABSENT = [
  ['quality', 'quality'],
  ['style', 'style'],
  ['background', 'background'],
  ['moderation', 'moderation'],
  ['compression', 'output_compression'],
] as const satisfies [keyof ImageRequest, string][]

/**
 * OpenAI's answers, to requests with a size in numbers and a count of steps:
 * https://docs.together.ai/reference/post-images-generations, https://docs.nebius.com/studio/inference/api.
 */
export const diffusion: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode: (request, model) => ({
      body: json(
        compact({
          model,
          prompt: request.prompt,
          n: request.count,
          width: request.size?.width,
          height: request.size?.height,
          // Each calls them by one of the names, and leaves the other alone.
          steps: request.steps,
          num_inference_steps: request.steps,
          negative_prompt: request.negativePrompt,
          seed: request.seed,
          response_extension: request.outputFormat,
          output_format: request.outputFormat,
        }),
      ),
      warnings: ABSENT.filter(([name]) => request[name] !== undefined).map(([, field]) => dropped(field)),
    }),
    decode: decodeAnswer,
  },
  usage: openaiGeneration.usage,
}
