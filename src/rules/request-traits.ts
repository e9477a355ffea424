/** What shows the traits of a request. Nothing here needs the body to be parsed. */
export interface TraitSigns {
  /** The JSON text of a top-level field; of a long one the beginning, of `maxBytes` where that is enough. */
  field(name: string, maxBytes?: number): string | undefined
  /** The text stands somewhere in the body. */
  bodyHas(text: string): boolean
}

/** It offers tools to the model: in a field of the protocol's, or as Codex does for newer models, among the input. */
export function hasTools(signs: TraitSigns): boolean {
  if (isFilled(signs.field('tools', EMPTY_MAX_BYTES)) || isFilled(signs.field('functions', EMPTY_MAX_BYTES)))
    return true
  if (isFilled(toolsOf(signs.field('toolConfig')))) return true
  return signs.field('input') !== undefined && has(signs, eitherSpelling('additional_tools'))
}

const EMPTY = /^(?:\[\s*\]|null)$/
const EMPTY_MAX_BYTES = 64

function isFilled(tools: string | undefined): boolean {
  return tools !== undefined && !EMPTY.test(tools)
}

/** Of Converse's `toolConfig`: the list if it is empty, else how it begins. */
function toolsOf(config: string | undefined): string | undefined {
  return config === undefined ? undefined : /"tools"\s*:\s*(\[\s*\]|\[)/.exec(config)?.[1]
}

/** Kinds of blocks that are pictures: Claude’s, Chat Completions’, Responses’. */
const IMAGE_TYPES = ['image', 'image_url', 'input_image']
/** Gemini names the media type, in the camel case of its API or the snake case of its SDK; Converse has a block of the name. */
const IMAGE_MARKS = [
  '"mimeType":"image/',
  '"mimeType": "image/',
  '"mime_type":"image/',
  '"mime_type": "image/',
  '"image":{',
  '"image": {',
]

/**
 * There are pictures in it. Inside of a text, quotes have a backslash in front of them, so that a text about such a
 * block is not taken for one.
 */
export function hasImages(signs: TraitSigns): boolean {
  return has(signs, [...IMAGE_TYPES.flatMap(eitherSpelling), ...IMAGE_MARKS])
}

/** SDKs in JavaScript write no blank after a colon, those in Python do. */
function eitherSpelling(type: string): string[] {
  return [`"type":"${type}"`, `"type": "${type}"`]
}

function has(signs: TraitSigns, marks: readonly string[]): boolean {
  return marks.some((mark) => signs.bodyHas(mark))
}

/** It asks the model to think: each protocol has a field of its own, and each a way to say no. */
export function asksToThink(signs: TraitSigns): boolean {
  return THINKING.some(([name, asks]) => asks.test(signs.field(name) ?? ''))
}

const THINKING: readonly (readonly [field: string, asks: RegExp])[] = [
  // Claude, Cohere
  ['thinking', /"type"\s*:\s*"(?!disabled")/],
  // Chat Completions
  ['reasoning_effort', /^"(?!none")/],
  // Responses
  ['reasoning', /"effort"\s*:\s*"(?!none")/],
  // Gemini
  ['generationConfig', /"thinkingBudget"\s*:(?!\s*0\b)|"thinkingLevel"\s*:/],
  // Converse
  [
    'additionalModelRequestFields',
    /"(?:thinking|reasoning_config)"\s*:\s*\{[^{}]*"type"\s*:\s*"(?!disabled")/,
  ],
]
