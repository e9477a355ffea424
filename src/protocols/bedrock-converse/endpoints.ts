import type { JsonObject } from '../../message/request.ts'
import { awsEvents } from '../../wire/aws-eventstream.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ListedModel } from '../model-list.ts'
import { releaseTime } from '../shared/model-list.ts'

/**
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html, and of the
 * control plane what Claude Code asks for at its start.
 */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/model/{model}/converse', operation: 'generate', stream: false },
  {
    method: 'POST',
    path: '/model/{model}/converse-stream',
    operation: 'generate',
    stream: true,
    framing: () => awsEvents,
  },
  { method: 'POST', path: '/model/{model}/count-tokens', operation: 'count-tokens' },
  { method: 'GET', path: '/inference-profiles', operation: 'list-models' },
  { method: 'GET', path: '/inference-profiles/{model}', operation: 'get-model' },
  { method: 'GET', path: '/foundation-models', operation: 'list-models' },
]

/** A model as an inference profile, of which Claude Code reads the models behind it. */
export function encodeModel({ id, model, facts }: ListedModel): JsonObject {
  const time = releaseTime(facts)
  return {
    inferenceProfileId: id,
    inferenceProfileName: facts?.name ?? id,
    inferenceProfileArn: arn('inference-profile', id),
    models: [{ modelArn: arn('foundation-model', model) }],
    status: 'ACTIVE',
    type: 'SYSTEM_DEFINED',
    createdAt: time,
    updatedAt: time,
  }
}

/** Both lists in one answer: each client reads the one that it knows. */
export function encodeModelList(models: readonly ListedModel[]): JsonObject {
  return {
    inferenceProfileSummaries: models.map(encodeModel),
    modelSummaries: models.map(encodeFoundationModel),
  }
}

function encodeFoundationModel({ id, provider, facts }: ListedModel): JsonObject {
  const takesImages = facts?.inputKinds?.includes('image') === true
  return {
    modelId: id,
    modelName: facts?.name ?? id,
    modelArn: arn('foundation-model', id),
    providerName: provider,
    inputModalities: takesImages ? ['TEXT', 'IMAGE'] : ['TEXT'],
    outputModalities: ['TEXT'],
    responseStreamingSupported: true,
    inferenceTypesSupported: ['ON_DEMAND'],
    modelLifecycle: { status: facts?.deprecated === true ? 'LEGACY' : 'ACTIVE' },
  }
}

function arn(kind: string, id: string): string {
  return id.startsWith('arn:') ? id : `arn:aws:bedrock:::${kind}/${id}`
}
