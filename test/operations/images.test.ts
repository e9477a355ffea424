import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import { ratioOf } from '../../src/operations/images/images.ts'
import type { FamilyId, OperationId } from '../../src/operations/operation.ts'
import { ask, follow, form, tell } from './translate.ts'

const CAT = { model: 'x', prompt: 'a cat', n: 2, size: '1536x1024', quality: 'high' }
const SEEDED = {
  model: 'x',
  prompt: 'a cat',
  negative_prompt: 'dogs',
  seed: 7,
  num_inference_steps: 20,
  output_format: 'jpeg',
}
const PNG = { name: 'image', filename: 'a.png', type: 'image/png', text: 'PNG1' }
const MASK = { name: 'mask', filename: 'm.png', type: 'image/png', text: 'MASK' }
const [PNG64, MASK64] = ['UE5HMQ==', 'TUFTSw==']

describe('a generation of OpenAI’s API', () => {
  const rows: { to: FamilyId; given: unknown; model?: string; sent: unknown }[] = [
    {
      to: 'openai',
      given: { ...CAT, response_format: 'b64_json', stream: true, partial_images: 1 },
      sent: {
        body: {
          model: 'model-1',
          prompt: 'a cat',
          n: 2,
          size: '1536x1024',
          quality: 'high',
          stream: true,
          partial_images: 1,
        },
      },
    },
    {
      to: 'diffusion',
      given: { ...CAT, ...SEEDED },
      sent: {
        body: {
          model: 'model-1', prompt: 'a cat', n: 2, width: 1536, height: 1024, steps: 20, num_inference_steps: 20,
          negative_prompt: 'dogs', seed: 7, response_extension: 'jpeg', output_format: 'jpeg',
        },
        dropped: ['quality'],
      }, // prettier-ignore
    },
    {
      to: 'predict',
      given: CAT,
      sent: {
        body: { instances: [{ prompt: 'a cat' }], parameters: { sampleCount: 2, aspectRatio: '4:3' } },
        dropped: ['quality'],
      },
    },
    {
      to: 'predict',
      given: { ...SEEDED, size: '2048x2048' },
      sent: {
        body: {
          instances: [{ prompt: 'a cat' }],
          parameters: {
            sampleCount: 1, aspectRatio: '1:1', imageSize: '2K', negativePrompt: 'dogs', seed: 7, addWatermark: false,
            outputOptions: { mimeType: 'image/jpeg' },
          },
        },
      }, // prettier-ignore
    },
    {
      to: 'gemini',
      given: { ...CAT, aspect_ratio: '16:9' },
      sent: {
        body: {
          contents: [{ role: 'user', parts: [{ text: 'a cat' }] }],
          generationConfig: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '16:9' } },
        },
        dropped: ['n', 'quality'],
      },
    },
    {
      to: 'nova-canvas',
      given: { ...CAT, style: 'vivid', negative_prompt: 'dogs' },
      sent: {
        body: {
          taskType: 'TEXT_IMAGE',
          textToImageParams: { text: 'a cat', negativeText: 'dogs' },
          imageGenerationConfig: { numberOfImages: 2, width: 1536, height: 1024, quality: 'premium' },
        },
        dropped: ['style'],
      },
    },
    {
      to: 'stability',
      given: { ...SEEDED, size: '1024x1792' },
      sent: {
        body: {
          prompt: 'a cat',
          negative_prompt: 'dogs',
          seed: 7,
          output_format: 'jpeg',
          aspect_ratio: '9:16',
        },
      },
    },
    {
      to: 'replicate',
      given: { ...CAT, output_format: 'jpeg' },
      model: 'black-forest-labs/flux-schnell',
      sent: {
        body: { input: { prompt: 'a cat', aspect_ratio: '3:2', num_outputs: 2, output_format: 'jpg' } },
        values: { prediction: 'models/black-forest-labs/flux-schnell/predictions' },
        headers: { prefer: 'wait=60' },
        dropped: ['quality'],
      },
    },
    {
      to: 'replicate',
      given: { prompt: 'a cat' },
      model: 'stability-ai/sdxl:39ed52f2',
      sent: {
        body: { version: '39ed52f2', input: { prompt: 'a cat' } },
        values: { prediction: 'predictions' },
        headers: { prefer: 'wait=60' },
      },
    },
    {
      to: 'hugging-face',
      given: { ...SEEDED, size: '512x512' },
      sent: {
        body: {
          inputs: 'a cat',
          parameters: { negative_prompt: 'dogs', num_inference_steps: 20, width: 512, height: 512, seed: 7 },
        },
      },
    },
    { to: 'hugging-face', given: { prompt: 'a cat' }, sent: { body: { inputs: 'a cat' } } },
  ]
  it.each(rows)('goes to $to ($model): $given', ({ to, given, model, sent }) => {
    expect(ask('image-generation', 'openai', given, to, model)).toEqual(sent)
  })

  it.each([
    ['openai', { prompt: '' }, 'prompt is required'],
    ['stability', CAT, 'n: this model makes one image per request, not 2.'],
    ['hugging-face', CAT, 'n: this provider makes one image per request, not 2.'],
  ] as const)('to %s is refused: %j', (to, given, message) => {
    expect(() => ask('image-generation', 'openai', given, to)).toThrow(message)
  })

  it.each([
    [{ size: { width: 1024, height: 1024 } }, '1:1'],
    [{ size: { width: 1792, height: 1024 } }, '16:9'],
    [{ aspectRatio: '9:16', size: { width: 1024, height: 1024 } }, '9:16'],
    [{ aspectRatio: '2:3' }, '3:4'],
    [{ aspectRatio: 'wide' }, undefined],
    [{}, undefined],
  ])('the ratio nearest to %j is %s', (given, ratio) => {
    const request = { prompt: 'p', sources: [], wantsUrl: false, ...given }
    expect(ratioOf(request, ['1:1', '3:4', '4:3', '9:16', '16:9'])).toBe(ratio)
  })
})

describe('an edit and a variation of OpenAI’s API', () => {
  const edit = form({ model: 'x', prompt: 'add a hat' }, [PNG])
  const masked = form({ model: 'x', prompt: 'add a hat', size: 'auto' }, [PNG, MASK])
  const two = form(
    { model: 'x', prompt: 'mix', background: 'opaque' },
    [0, 1].map(() => ({ ...PNG, name: 'image[]' })),
  )
  const varied = form({ model: 'x', n: '2', size: '512x512' }, [PNG])
  const url = `data:image/png;base64,${PNG64}`
  const rows: { operation: OperationId; to: FamilyId; given: unknown; model?: string; sent: unknown }[] = [
    {
      operation: 'image-edit',
      to: 'openai',
      given: masked,
      sent: {
        body: [
          'model=model-1',
          'prompt=add a hat',
          'image=@image-0.png;image/png;PNG1',
          'mask=@image-0.png;image/png;MASK',
        ],
      },
    },
    {
      operation: 'image-edit',
      to: 'gemini',
      given: edit,
      sent: {
        body: {
          contents: [
            {
              role: 'user',
              parts: [{ inlineData: { mimeType: 'image/png', data: PNG64 } }, { text: 'add a hat' }],
            },
          ],
          generationConfig: { responseModalities: ['TEXT', 'IMAGE'] },
        },
      },
    },
    {
      operation: 'image-edit',
      to: 'nova-canvas',
      given: masked,
      sent: {
        body: {
          taskType: 'INPAINTING',
          inPaintingParams: { image: PNG64, maskImage: MASK64, text: 'add a hat' },
          imageGenerationConfig: {},
        },
      },
    },
    {
      operation: 'image-edit',
      to: 'nova-canvas',
      given: edit,
      sent: {
        body: {
          taskType: 'IMAGE_VARIATION',
          imageVariationParams: { images: [PNG64], text: 'add a hat' },
          imageGenerationConfig: {},
        },
      },
    },
    {
      operation: 'image-edit',
      to: 'stability',
      given: masked,
      sent: { body: { prompt: 'add a hat', image: PNG64, mask: MASK64 } },
    },
    {
      operation: 'image-edit',
      to: 'replicate',
      given: edit,
      model: 'black-forest-labs/flux-kontext-pro',
      sent: {
        body: { input: { prompt: 'add a hat', input_image: url } },
        values: { prediction: 'models/black-forest-labs/flux-kontext-pro/predictions' },
        headers: { prefer: 'wait=60' },
      },
    },
    {
      operation: 'image-edit',
      to: 'hugging-face',
      given: edit,
      sent: { body: { inputs: PNG64, parameters: { prompt: 'add a hat' } } },
    },
    {
      operation: 'image-variation',
      to: 'nova-canvas',
      given: varied,
      sent: {
        body: {
          taskType: 'IMAGE_VARIATION',
          imageVariationParams: { images: [PNG64] },
          imageGenerationConfig: { numberOfImages: 2, width: 512, height: 512 },
        },
      },
    },
    {
      operation: 'image-variation',
      to: 'openai',
      given: varied,
      sent: { body: ['model=model-1', 'n=2', 'size=512x512', 'image=@image-0.png;image/png;PNG1'] },
    },
  ]
  it.each(rows)('$operation goes to $to ($model)', ({ operation, to, given, model, sent }) => {
    expect(ask(operation, 'openai', given, to, model)).toEqual(sent)
  })

  it.each([
    ['image-edit', 'openai', form({ prompt: 'x' }), 'image is required'],
    ['image-edit', 'openai', form({}, [PNG]), 'prompt is required'],
    ['image-edit', 'openai', CAT, 'expected multipart/form-data'],
    ['image-variation', 'nova-canvas', form({ n: 'two' }, [PNG]), 'n: expected a number, got "two"'],
    ['image-edit', 'hugging-face', two, 'image: this model takes one image per request, not 2.'],
  ] as const)('%s to %s is refused', (operation, to, given, message) => {
    expect(() => ask(operation, 'openai', given, to)).toThrow(message)
    expect(() => ask(operation, 'openai', given, to)).toThrow(GatewayError)
  })
})

describe('an answer for OpenAI’s API', () => {
  const told = (data: object[], usage?: object) => ({ created: 1_700_000_000, data, ...(usage && { usage }) })
  const b64 = [{ b64_json: PNG64 }]
  const rows: { to: FamilyId; asked?: object; answer: unknown; body: unknown; usage: unknown }[] = [
    {
      to: 'openai',
      answer: {
        created: 1,
        data: [{ b64_json: PNG64 }],
        usage: {
          input_tokens: 60, output_tokens: 4160, total_tokens: 4220,
          input_tokens_details: { text_tokens: 10, image_tokens: 50 },
        },
      }, // prettier-ignore
      body: told(b64, {
        input_tokens: 60, output_tokens: 4160, total_tokens: 4220,
        input_tokens_details: { text_tokens: 10, image_tokens: 50 },
      }), // prettier-ignore
      usage: { inputTokens: 60, inputImageTokens: 50, outputTokens: 4160, outputImageTokens: 4160 },
    },
    {
      to: 'diffusion',
      asked: { quality: 'hd', size: '1024x1024' },
      answer: { data: [{ url: 'https://x/1.png', revised_prompt: 'one cat' }] },
      body: told([{ url: 'https://x/1.png', revised_prompt: 'one cat' }]),
      usage: { images: 1, service: { image: '1024x1024/hd' } },
    },
    {
      to: 'predict',
      answer: {
        predictions: [{ bytesBase64Encoded: PNG64, mimeType: 'image/png' }, { raiFilteredReason: 'no' }],
      },
      body: told(b64),
      usage: { images: 1 },
    },
    {
      to: 'gemini',
      answer: {
        candidates: [{ content: { parts: [{ text: 'Here:' }, { inlineData: { mimeType: 'image/png', data: PNG64 } }] } }],
        usageMetadata: {
          promptTokenCount: 8, candidatesTokenCount: 1292, totalTokenCount: 1300,
          candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
        },
      }, // prettier-ignore
      body: told(b64, {
        input_tokens: 8, output_tokens: 1292, total_tokens: 1300,
        input_tokens_details: { text_tokens: 8, image_tokens: 0 },
      }), // prettier-ignore
      usage: { inputTokens: 8, outputTokens: 1292, outputImageTokens: 1290 },
    },
    {
      to: 'nova-canvas',
      answer: { images: [PNG64, MASK64] },
      body: told([...b64, { b64_json: MASK64 }]),
      usage: { images: 2 },
    },
    {
      to: 'stability',
      answer: { seeds: [1], finish_reasons: [null], images: [PNG64] },
      body: told(b64),
      usage: { images: 1 },
    },
    {
      to: 'replicate',
      answer: { id: 'p', status: 'succeeded', output: ['https://r/1.png', 'https://r/2.png'] },
      body: told([{ url: 'https://r/1.png' }, { url: 'https://r/2.png' }]),
      usage: { images: 2 },
    },
    {
      to: 'replicate',
      answer: { status: 'processing', output: `data:image/webp;base64,${PNG64}` },
      body: told(b64),
      usage: { images: 1 },
    },
    {
      to: 'hugging-face',
      asked: { response_format: 'url' },
      answer: { kind: 'bytes', type: 'image/jpeg', bytes: new TextEncoder().encode('PNG1') },
      body: told([{ url: `data:image/jpeg;base64,${PNG64}` }]),
      usage: { images: 1 },
    },
  ]
  it.each(rows)('comes from $to', ({ to, asked, answer, body: wanted, usage }) => {
    const found = tell('image-generation', 'openai', { prompt: 'a cat', ...asked }, to, answer)
    expect(found).toEqual({ body: wanted, usage })
  })

  it.each([
    ['openai', { data: [] }, 'upstream_malformed'],
    ['openai', { data: [{}] }, 'upstream_malformed'],
    ['predict', {}, 'invalid_request'],
    ['predict', { predictions: [{ raiFilteredReason: 'The prompt was blocked' }] }, 'invalid_request'],
    ['gemini', { promptFeedback: { blockReason: 'SAFETY' } }, 'invalid_request'],
    ['gemini', { candidates: [{ content: { parts: [{ text: 'I cannot draw that.' }] } }] }, 'unprocessable'],
    ['nova-canvas', { images: [], error: 'blocked by our content filters' }, 'invalid_request'],
    ['nova-canvas', {}, 'upstream_malformed'],
    ['stability', { images: [''], finish_reasons: ['Filter reason: prompt'] }, 'invalid_request'],
    ['replicate', { status: 'failed', error: 'NSFW' }, 'unprocessable'],
    ['replicate', { status: 'starting', output: null }, 'upstream_timeout'],
    ['hugging-face', { error: 'x' }, 'upstream_malformed'],
  ] as const)('is a failure from %s: %j', (to, answer, kind) => {
    expect(() => tell('image-generation', 'openai', { prompt: 'a cat' }, to, answer)).toThrow(
      expect.objectContaining({ kind }) as GatewayError,
    )
  })
})

describe('a stream for OpenAI’s API', () => {
  const partial = { type: 'image_generation.partial_image', b64_json: 'AA==', partial_image_index: 1 }
  const completed = {
    type: 'image_generation.completed',
    b64_json: PNG64,
    usage: { input_tokens: 5, output_tokens: 9 },
  }

  it('tells sketches, the image, and what was used', () => {
    const given = { prompt: 'p', stream: true, size: '1024x1024', output_format: 'webp' }
    const common = {
      created_at: 1_700_000_000, size: '1024x1024', quality: 'auto', background: 'auto', output_format: 'webp',
    } // prettier-ignore
    expect(follow('image-generation', 'openai', given, 'openai', [partial, completed])).toEqual([
      {
        event: 'image_generation.partial_image',
        data: { type: 'image_generation.partial_image', b64_json: 'AA==', partial_image_index: 1, ...common },
      },
      {
        event: 'image_generation.completed',
        data: {
          type: 'image_generation.completed',
          b64_json: PNG64,
          usage: {
            input_tokens: 5, output_tokens: 9, total_tokens: 14,
            input_tokens_details: { text_tokens: 5, image_tokens: 0 },
          },
          ...common,
        },
      },
    ]) // prettier-ignore
  })

  it.each([
    ['without its image', [partial], 'upstream_truncated'],
    ['with an error', [{ error: { message: 'rate limited', type: 'rate_limit_error' } }], 'rate_limited'],
    ['that is no JSON', ['<html>'], 'upstream_malformed'],
  ])('%s fails', (_what, frames, kind) => {
    expect(() =>
      follow('image-generation', 'openai', { prompt: 'p', stream: true }, 'openai', frames),
    ).toThrow(expect.objectContaining({ kind }) as GatewayError)
  })
})

describe('clients of other families', () => {
  const answer = { data: [{ b64_json: PNG64 }] }
  it.each([
    {
      from: 'predict' as const,
      given: { instances: [{ prompt: 'a cat' }], parameters: { sampleCount: 1, aspectRatio: '16:9' } },
      sent: { model: 'model-1', prompt: 'a cat', n: 1, aspect_ratio: '16:9' },
      told: { predictions: [{ bytesBase64Encoded: PNG64, mimeType: 'image/png' }] },
    },
    {
      from: 'nova-canvas' as const,
      given: {
        taskType: 'TEXT_IMAGE',
        textToImageParams: { text: 'a cat' },
        imageGenerationConfig: { width: 512, height: 512, numberOfImages: 1 },
      },
      sent: { model: 'model-1', prompt: 'a cat', n: 1, size: '512x512' },
      told: { images: [PNG64] },
    },
  ])('$from reach OpenAI', ({ from, given, sent, told }) => {
    expect(ask('image-generation', from, given, 'openai').body).toEqual(sent)
    expect(tell('image-generation', from, given, 'openai', answer).body).toEqual(told)
  })

  it.each([
    ['predict', { instances: [{ prompt: 'a' }, { prompt: 'b' }] }, 'instances: expected one prompt'],
    ['nova-canvas', { taskType: 'INPAINTING' }, 'taskType: other providers are asked for TEXT_IMAGE only'],
  ] as const)('%s are refused: %j', (from, given, message) => {
    expect(() => ask('image-generation', from, given, 'openai')).toThrow(message)
  })
})
