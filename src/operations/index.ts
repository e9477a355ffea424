import { bedrockCohere, cohere } from './embeddings/cohere.ts'
import { gemini, geminiBatch } from './embeddings/gemini.ts'
import { huggingFace as huggingFaceEmbeddings } from './embeddings/hugging-face.ts'
import { openai as openaiEmbeddings } from './embeddings/openai.ts'
import { predict as predictEmbeddings } from './embeddings/predict.ts'
import { titan } from './embeddings/titan.ts'
import { completions, googleVideos, openaiVideos, unmetered } from './forwarded.ts'
import { diffusion } from './images/diffusion.ts'
import { gemini as geminiImages } from './images/gemini.ts'
import { huggingFaceEdit, huggingFaceGeneration } from './images/hugging-face.ts'
import { novaEdit, novaGeneration, novaVariation } from './images/nova-canvas.ts'
import { openaiEdit, openaiGeneration, openaiVariation } from './images/openai.ts'
import { predict as imagen } from './images/predict.ts'
import { replicate } from './images/replicate.ts'
import { stabilityEdit, stabilityGeneration } from './images/stability.ts'
import type { Codec, FamilyId, OperationId } from './operation.ts'
import { bedrockRerank } from './rerank/bedrock-rerank.ts'
import { bedrockCohere as bedrockInvokeRerank, cohere as cohereRerank } from './rerank/cohere.ts'
import { googleRanking } from './rerank/google-ranking.ts'
import { jina } from './rerank/jina.ts'
import { openai as unifiedRerank } from './rerank/openai.ts'
import { elevenlabs as elevenlabsSpeech } from './speech/elevenlabs.ts'
import { gemini as geminiSpeech } from './speech/gemini.ts'
import { huggingFace as huggingFaceSpeech } from './speech/hugging-face.ts'
import { openai as openaiSpeech } from './speech/openai.ts'
import { elevenlabs as elevenlabsTranscription } from './transcription/elevenlabs.ts'
import { gemini as geminiTranscription } from './transcription/gemini.ts'
import { huggingFace as huggingFaceTranscription } from './transcription/hugging-face.ts'
import { mistral, vllm } from './transcription/openai-like.ts'
import { openai as openaiTranscription } from './transcription/openai.ts'

type Codecs = Readonly<Partial<Record<FamilyId, Codec<unknown>>>>

/** Every operation in every family that writes it. */
export const CODECS: Readonly<Record<OperationId, Codecs>> = {
  embeddings: {
    openai: openaiEmbeddings,
    gemini,
    'gemini-batch': geminiBatch,
    predict: predictEmbeddings,
    cohere,
    'bedrock-cohere': bedrockCohere,
    titan,
    'hugging-face': huggingFaceEmbeddings,
  },
  rerank: {
    openai: unifiedRerank,
    jina,
    cohere: cohereRerank,
    'bedrock-cohere': bedrockInvokeRerank,
    'bedrock-rerank': bedrockRerank,
    'google-ranking': googleRanking,
  },
  'image-generation': {
    openai: openaiGeneration,
    diffusion,
    gemini: geminiImages,
    predict: imagen,
    'nova-canvas': novaGeneration,
    stability: stabilityGeneration,
    replicate,
    'hugging-face': huggingFaceGeneration,
  },
  'image-edit': {
    openai: openaiEdit,
    gemini: geminiImages,
    'nova-canvas': novaEdit,
    stability: stabilityEdit,
    replicate,
    'hugging-face': huggingFaceEdit,
  },
  'image-variation': { openai: openaiVariation, 'nova-canvas': novaVariation },
  speech: {
    openai: openaiSpeech,
    gemini: geminiSpeech,
    elevenlabs: elevenlabsSpeech,
    'hugging-face': huggingFaceSpeech,
  },
  transcription: {
    openai: openaiTranscription,
    mistral,
    vllm,
    gemini: geminiTranscription,
    elevenlabs: elevenlabsTranscription,
    'hugging-face': huggingFaceTranscription,
  },
  completions: { openai: completions, anthropic: unmetered },
  moderations: { openai: unmetered },
  tokenize: { cohere: unmetered },
  videos: { openai: openaiVideos, gemini: googleVideos },
  files: { openai: unmetered, anthropic: unmetered, gemini: unmetered },
  batches: { openai: unmetered, anthropic: unmetered, gemini: unmetered },
  containers: { openai: unmetered },
}
