import type { Json, JsonObject } from './json.ts'

/** One call of a conversation, told apart from any wire: each wire writes it as its own clients do. */
export interface RequestScript {
  system?: string
  turns: Turn[]
  tools?: Tool[]
  /** The model is asked to think. */
  thinking?: boolean
  /** The answer shall be JSON of this schema. */
  schema?: JsonObject
  stop?: string[]
  maxTokens?: number
}

export type Turn =
  | { user: UserPart[] }
  | { assistant: AssistantPart[] }
  /** Results of the calls before, in their order. */
  | { results: { id: string; name: string; text: string }[] }

export type UserPart = { text: string } | { image: string } | { document: string }
export type AssistantPart = { text: string } | { call: Call }

export interface Tool {
  name: string
  parameters: JsonObject
}

export interface Call {
  id: string
  name: string
  arguments: JsonObject
}

/** What a model says. */
export interface AnswerScript {
  thinking?: string
  text?: string
  calls?: Call[]
  finish: Finish
  usage: Counts
  /** A stream says the text in so many pieces; absent: in two. */
  pieces?: number
}

export type Finish = 'end' | 'tool-calls' | 'max-tokens' | 'refusal'

/** Disjoint counts; each wire adds them up as its own service does. */
export interface Counts {
  input: number
  cacheRead: number
  output: number
}

/** What an upstream reads in a request. */
export interface RequestFacts {
  system: string
  /** Of users, in order. */
  texts: string[]
  /** Base64. */
  images: string[]
  documents: string[]
  tools: string[]
  calls: { name: string; arguments: Json }[]
  results: string[]
  thinks: boolean
  schema: Json
  stop: string[]
  maxTokens: number | undefined
}

/** What a client reads in an answer. */
export interface AnswerFacts {
  thinking: string
  text: string
  calls: { name: string; arguments: Json }[]
  finish: Finish | 'stop-sequence' | 'error'
  usage: Counts
  /** Of an error. */
  message?: string
}

export function noFacts(): RequestFacts {
  return {
    system: '',
    texts: [],
    images: [],
    documents: [],
    tools: [],
    calls: [],
    results: [],
    thinks: false,
    schema: undefined,
    stop: [],
    maxTokens: undefined,
  }
}

export function noAnswer(): AnswerFacts {
  return { thinking: '', text: '', calls: [], finish: 'end', usage: { input: 0, cacheRead: 0, output: 0 } }
}
