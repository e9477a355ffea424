/**
 * What a model's name alone tells. One model has many spellings: `claude-opus-5-5`, `anthropic/claude-opus-5.5`
 * (OpenRouter), `us.anthropic.claude-opus-5-5-v1:0` (a Bedrock inference profile), `claude-opus-5-5@20260901`
 * (Vertex), `claude-opus-5-5[1m]` (Claude Code asking for the long window).
 */

/** The classes in which agents think of Claude models: `/model opus`, and a small model for helper calls. */
export type ClaudeTier = 'opus' | 'sonnet' | 'haiku'

/**
 * A model id without Claude Code's long-context mark: `[1m]`, in either case, also doubled. No upstream knows it,
 * and the 404 that it earns has cooled down whole accounts. `-1m` means the same on a Claude id only: for others
 * it is part of the name (`qwen2.5-7b-instruct-1m`).
 */
export function stripContextSuffix(id: string): string {
  let end = id.length
  while (id.slice(end - 4, end).toLowerCase() === '[1m]') end -= 4
  const bare = end === id.length ? id : id.slice(0, end)
  return /-1m$/i.test(bare) && looksLikeClaude(bare) ? bare.slice(0, -3) : bare
}

/** A Claude model in any provider's spelling. An alias such as `claude-via-gemini` looks like one, too. */
export function looksLikeClaude(id: string): boolean {
  return baseName(id).startsWith('claude')
}

/**
 * The class of a Claude model, or of a bare class name (`sonnet`). Undefined when it is no Claude, or one without
 * a class in its name (`claude-2`). Fable and Mythos are dearer than Opus, and agents choose them for the same
 * work, so that the most capable model stands in for them.
 */
export function claudeTier(id: string): ClaudeTier | undefined {
  const words = baseName(id).split(/[^a-z]+/)
  if (words[0] !== 'claude' && words.length > 1) return undefined
  if (words.some((word) => word === 'opus' || word === 'fable' || word === 'mythos')) return 'opus'
  if (words.includes('sonnet')) return 'sonnet'
  return words.some((word) => word === 'haiku' || word === 'instant') ? 'haiku' : undefined
}

/**
 * The class of a small model that an agent asks for unasked: OpenCode writes its titles with `gpt-5.4-nano`, Gemini
 * CLI lets `gemini-3.5-flash-lite` choose the model. Undefined for all that a person would choose: who names one of
 * those wants it and no other.
 */
export function helperTier(id: string): ClaudeTier | undefined {
  const words = baseName(id).split(/[^a-z]+/)
  if (words[0] === 'gpt') return words.includes('nano') || words.includes('mini') ? 'haiku' : undefined
  return words[0] === 'gemini' && words.includes('lite') ? 'haiku' : undefined
}

/**
 * A model that agents ask for unasked, so that nobody thinks of listing it at a key: the small ones, and the one that
 * judges commands for Claude Code in auto mode.
 */
export function isHelper(id: string): boolean {
  return (claudeTier(id) ?? helperTier(id)) === 'haiku' || baseName(id) === 'claude-sonnet-5'
}

/**
 * Makers by the names of their models. gpt-oss is missing on purpose: its maker does not serve it. Gemma is
 * served by its maker, beside its open weights.
 */
const VENDORS: readonly (readonly [provider: string, names: RegExp])[] = [
  ['anthropic', /^claude-/],
  [
    'openai',
    /^(?:gpt-(?!oss)|chatgpt-|codex-|o[1-9](?:-|$)|text-embedding-|dall-e-|whisper-|tts-|sora-|omni-moderation-|ft:(?:gpt|o[1-9]))/,
  ],
  ['gemini', /^(?:gemini-|gemma-|imagen-|veo-)/],
  [
    'mistral',
    /^(?:(?:open-)?mistral-|(?:open-)?mixtral-|codestral|devstral|magistral|ministral|pixtral|voxtral)/,
  ],
  ['xai', /^grok-/],
  ['deepseek', /^deepseek-/],
  ['cohere', /^(?:command(?:-|$)|c4ai-|embed-(?:english|multilingual|v4)|rerank-)/],
  ['moonshot', /^(?:kimi-|moonshot-)/],
  ['zai', /^glm-/],
  ['minimax', /^minimax-/],
  ['perplexity', /^sonar(?:-|$)/],
  ['elevenlabs', /^(?:eleven|scribe)_/],
]

/** The provider that makes and serves a model of this well-known name, in any spelling of it; else undefined. */
export function vendorOf(id: string): string | undefined {
  const name = baseName(id)
  return VENDORS.find(([, names]) => names.test(name))?.[0]
}

/** Makers all of whose models carry the maker's name: another name is none of theirs. */
const TELLING: ReadonlySet<string> = new Set(['anthropic'])

/** What clouds put before a slash that is no provider's name. */
const RESOURCE = /^(?:arn:|(?:models|tunedModels|publishers|projects|endpoints)\/)/

/** May a name that nobody knows be a model of this provider: a new one, a tuned one, a deployment? */
export function mayBeModelOf(provider: string, id: string): boolean {
  return !TELLING.has(provider) && (!id.includes('/') || RESOURCE.test(id))
}

/**
 * A geographical inference profile of Bedrock (`us.`, `eu.`, …: about a tenth dearer than the model itself), or
 * the worldwide one. https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
 */
const PROFILE = /^(?:(us-gov|us|eu|apac|au|jp|in|ca)|global)\.(?=[a-z0-9-]+\.)/

/** Bedrock alone names models by ARNs, and by their maker before a dot: `eu.cohere.embed-v4:0`. */
const BEDROCK = /^(?:arn:aws[a-z-]*:bedrock:|[a-z0-9]+\.[a-z])/

/** The provider that alone writes names of models like this one, whoever made the model. */
export function spellerOf(id: string): string | undefined {
  return BEDROCK.test(id.toLowerCase()) ? 'bedrock' : undefined
}

/** How a Bedrock id is routed, which sets its price. */
export function profileOf(id: string): 'geographic' | 'global' | undefined {
  const match = PROFILE.exec(lastSegment(id))
  if (match === null) return undefined
  return match[1] === undefined ? 'global' : 'geographic'
}

/** Written as Bedrock (`us.anthropic.…-v1:0`) or Vertex (`…@20260901`) writes the models of others. */
export function isCloudSpelling(id: string): boolean {
  const name = lastSegment(id)
  return name !== baseName(id) || /@|-v\d+:\d+$/.test(name)
}

/** The last path segment, lower case, without inference profile and maker: `claude-opus-5-5-v1:0`. */
function baseName(id: string): string {
  return lastSegment(id)
    .replace(PROFILE, '')
    .replace(/^[a-z]+\.(?=[a-z])/, '')
}

/** The end, in lower case, of `anthropic/claude…`, `publishers/anthropic/models/claude…`, `arn:…/us.anthropic.claude…`. */
export function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1).toLowerCase()
}

/** What providers append to a name without making another model of it. */
const VERSION =
  /(?:[@-]20\d{2}-?\d{2}-?\d{2}|-00\d|-v1|-v\d+:\d+|:0|[-@](?:latest|default)|:(?:thinking|nitro|floor|exacto|online))$/

/** Does the name say which version or variant it means? Then it means no other. */
export function namesVersion(id: string): boolean {
  return VERSION.test(baseName(stripContextSuffix(id)))
}

/** A variant, a Bedrock version, a date and `-latest` are all that a name carries; what has more is no model. */
const VERSIONS_MAX = 4

/**
 * The name that all spellings of a model share: no path, maker, date or `-latest`, dashes for dots. Only for
 * finding a model when its exact id is not known: prices of dated versions can differ.
 */
export function familyName(id: string): string {
  let name = baseName(stripContextSuffix(id))
  for (let round = 0; round < VERSIONS_MAX; round++) name = name.replace(VERSION, '')
  return name.replaceAll('.', '-')
}
