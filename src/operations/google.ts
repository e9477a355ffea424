import { GatewayError } from '../message/error.ts'
import type { JsonObject } from '../message/request.ts'
import { tokenCount } from '../message/usage.ts'
import type { Usage } from '../message/usage.ts'
import { isObject } from '../protocols/shared/object.ts'
import { compact, objectsOf, textOf } from './body.ts'

/** Answers of `generateContent` where it makes images, speech or transcripts: https://ai.google.dev/api/generate-content */

export interface GeneratedPart {
  readonly text?: string
  readonly inlineData?: { readonly mimeType: string; readonly data: string }
}

/** What the first candidate says, thoughts aside. */
export function partsOf(body: JsonObject): GeneratedPart[] {
  const content = objectsOf(body.candidates)[0]?.content
  const parts = isObject(content) ? objectsOf(content.parts) : []
  return parts
    .filter(({ thought }) => thought !== true)
    .map(({ text, inlineData }) => {
      const data = isObject(inlineData) ? textOf(inlineData.data) : undefined
      const mimeType = isObject(inlineData) ? (textOf(inlineData.mimeType) ?? '') : ''
      return compact({ text: textOf(text), inlineData: data === undefined ? undefined : { mimeType, data } })
    })
}

/** The last event of a stream says why the answer ends; one without it was cut. */
export class Ending {
  #hasEnded = false

  read(body: JsonObject): void {
    this.#hasEnded ||= textOf(objectsOf(body.candidates)[0]?.finishReason) !== undefined
  }

  /** Throws `upstream_truncated`. */
  check(): void {
    if (this.#hasEnded) return
    throw new GatewayError('upstream_truncated', 'The upstream’s stream ended before the answer was whole.')
  }
}

/** Throws the refusal that an answer of status 200 tells of. */
export function checkBlocked(body: JsonObject): void {
  const feedback = isObject(body.promptFeedback) ? body.promptFeedback : {}
  const reason = textOf(feedback.blockReason)
  if (reason === undefined) return
  const message = textOf(feedback.blockReasonMessage) ?? `The provider refused the prompt: ${reason}`
  throw new GatewayError('invalid_request', message, { field: 'prompt' })
}

/** Reasoning is counted beside the candidates, and cached tokens inside the prompt. */
export function readGenerateUsage(body: JsonObject): Partial<Usage> {
  const { usageMetadata } = body
  if (!isObject(usageMetadata)) return {}
  const prompt = tokenCount(usageMetadata.promptTokenCount)
  const cached = tokenCount(usageMetadata.cachedContentTokenCount)
  const candidates = tokenCount(usageMetadata.candidatesTokenCount)
  const thoughts = tokenCount(usageMetadata.thoughtsTokenCount)
  const total =
    candidates === undefined && thoughts === undefined ? undefined : (candidates ?? 0) + (thoughts ?? 0)
  const input = (modality: string) => modalityTokens(usageMetadata.promptTokensDetails, modality)
  const output = (modality: string) => modalityTokens(usageMetadata.candidatesTokensDetails, modality)
  return compact({
    inputTokens: prompt === undefined ? undefined : Math.max(0, prompt - (cached ?? 0)),
    cacheReadTokens: cached,
    inputAudioTokens: input('AUDIO'),
    inputImageTokens: input('IMAGE'),
    outputTokens: total,
    reasoningTokens: thoughts,
    outputAudioTokens: output('AUDIO'),
    outputImageTokens: output('IMAGE'),
  })
}

function modalityTokens(details: unknown, modality: string): number | undefined {
  const found = objectsOf(details).filter((each) => each.modality === modality)
  return found.length === 0
    ? undefined
    : found.reduce((sum, { tokenCount: count }) => sum + (tokenCount(count) ?? 0), 0)
}
