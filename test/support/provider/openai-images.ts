import type { Json } from './json.ts'
import { checkForm, modelOf, type Route } from './openai-forms.ts'
import { serverSentEvent } from './protocol.ts'
import { PIXEL } from './sample.ts'
import type { Service, ServiceAnswer } from './service.ts'

const COMMON = 'model n size user'
const PICTURE =
  'background input_fidelity moderation output_compression output_format partial_images quality response_format stream style mask'

/** A service that makes pictures; `event` is how its stream's events begin. */
const pictures = (name: string, required: string, optional: string, event: string): Service => ({
  name,
  check: ({ body }) => checkForm(body, required, optional),
  answer(request, operation): ServiceAnswer {
    const { n = 1, prompt = '', response_format, stream, partial_images = 1 } = request.body
    const model = modelOf(request, operation) || 'dall-e-2'
    const input = Math.ceil(String(prompt).length / 4)
    const output = 100 * Number(n)
    const usage = {
      input_tokens: input,
      input_tokens_details: { text_tokens: input, image_tokens: 0 },
      output_tokens: output,
      total_tokens: input + output,
    }
    const tokens = { in: input, out: output }
    // Only the older models give addresses, and those tell no usage.
    const isOld = model.startsWith('dall-e')
    if (stream && !isOld) return { model, tokens, events: streamed(event, usage, Number(partial_images)) }
    const one =
      isOld && response_format !== 'b64_json' ? { url: 'https://example.com/p.png' } : { b64_json: PIXEL }
    const data = Array.from({ length: Number(n) }, () => one)
    return { model, tokens, json: { created: 1735689600, data, ...(!isOld && { ...FORM, usage }) } }
  },
})

const FORM = { background: 'opaque', output_format: 'png', quality: 'medium', size: '1024x1024' }

function streamed(event: string, usage: Json, partials: number) {
  const common = { b64_json: PIXEL, created_at: 1735689600, ...FORM }
  const list = [
    ...Array.from({ length: partials }, (_, partial_image_index) => ({
      type: `${event}.partial_image`,
      ...common,
      partial_image_index,
    })),
    { type: `${event}.completed`, ...common, usage },
  ]
  return list.map((one) => serverSentEvent(one.type, one, true))
}

export const openaiImages: Route[] = [
  {
    method: 'POST',
    path: /\/images\/generations$/,
    service: pictures('images/generations', 'prompt', `${COMMON} ${PICTURE}`, 'image_generation'),
  },
  {
    method: 'POST',
    path: /\/images\/edits$/,
    service: pictures('images/edits', 'prompt', `image image[] mask[] ${COMMON} ${PICTURE}`, 'image_edit'),
  },
  {
    method: 'POST',
    path: /\/images\/variations$/,
    service: pictures('images/variations', 'image', `${COMMON} response_format`, 'image_variation'),
  },
]
