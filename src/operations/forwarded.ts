import { tokenCount } from '../message/usage.ts'
import type { Usage } from '../message/usage.ts'
import { isObject } from '../protocols/shared/object.ts'
import { compact, secondsOf } from './body.ts'
import type { Body, Codec, UpstreamAnswer } from './operation.ts'

/** Operations that only providers of the client's own family serve: what they use is read, and nothing else. */
type Forwarded = Codec<unknown>

/** https://platform.openai.com/docs/api-reference/completions: counts as in a chat, cached tokens in the prompt's. */
export const completions: Forwarded = {
  usage: {
    fields: ['usage'],
    read: (answer) => {
      const usage = fieldsOf(answer).usage
      if (!isObject(usage)) return {}
      const details = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {}
      const reasoning = isObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {}
      const prompt = tokenCount(usage.prompt_tokens)
      const cached = tokenCount(details.cached_tokens)
      return compact({
        inputTokens: prompt === undefined ? undefined : Math.max(0, prompt - (cached ?? 0)),
        cacheReadTokens: cached,
        outputTokens: tokenCount(usage.completion_tokens),
        reasoningTokens: tokenCount(reasoning.reasoning_tokens),
      })
    },
  },
}

/** https://platform.openai.com/docs/api-reference/videos: a job says how long its video will be. */
export const openaiVideos: Forwarded = {
  usage: { fields: ['seconds'], read: (answer) => seconds(fieldsOf(answer).seconds) },
}

/** https://ai.google.dev/gemini-api/docs/video: the answer is a job's name; the request says the length. */
export const googleVideos: Forwarded = {
  usage: {
    fields: [],
    read: () => ({}),
    asked: (body: Body) => {
      const parameters = body.kind === 'json' && isObject(body.value) ? body.value.parameters : undefined
      return isObject(parameters) ? seconds(parameters.durationSeconds) : {}
    },
  },
}

/** Moderations, tokens, files, jobs and containers: free, or billed for what the job itself asks. */
export const unmetered: Forwarded = { usage: { fields: [], read: () => ({}) } }

function fieldsOf({ body }: UpstreamAnswer): Record<string, unknown> {
  return body.kind === 'json' && isObject(body.value) ? body.value : {}
}

/** A number, or one in a string, as OpenAI says it. */
function seconds(value: unknown): Partial<Usage> {
  const count = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value
  return compact({ videoSeconds: secondsOf(count) })
}
