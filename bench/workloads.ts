/** What throughput is measured with. */
import { anthropicEvents, anthropicJson, chatChunks, messagesBody } from './payloads.ts'

export interface Workload {
  name: string
  /** The share of the floor's requests per second that the gateway is to reach. */
  reach: number
  body: Buffer
  parts: readonly string[]
  stream: boolean
  connections: number
  translated?: boolean
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'native, 1 KB body, JSON answer',
    reach: 0.55,
    body: messagesBody(1024, 'claude-sonnet-5', false),
    parts: [anthropicJson()],
    stream: false,
    connections: 64,
  },
  {
    name: 'native, 100 KB body, 60-event stream',
    reach: 0.75,
    body: messagesBody(100 * 1024, 'claude-sonnet-5', true),
    parts: anthropicEvents(60),
    stream: true,
    connections: 64,
  },
  {
    name: 'native, 1 MB body, 800-event stream',
    reach: 0.8,
    body: messagesBody(1024 * 1024, 'claude-sonnet-5', true),
    parts: anthropicEvents(800),
    stream: true,
    connections: 24,
  },
  {
    name: 'translated to Chat, 100 KB body, 60-event stream',
    reach: 0.5,
    body: messagesBody(100 * 1024, 'openai/gpt-5', true),
    parts: chatChunks(60),
    stream: true,
    connections: 64,
    translated: true,
  },
]
