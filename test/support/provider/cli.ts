import { parseArgs } from 'node:util'

import { startProvider } from './server.ts'

/** Runs the scripted provider in the foreground: `node test/support/provider/cli.ts --port 9100`. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9100' },
    ledger: { type: 'string' },
    models: { type: 'string' },
    lenient: { type: 'boolean', default: false },
  },
})

const provider = await startProvider({
  port: Number(values.port),
  strict: !values.lenient,
  ...(values.ledger && { ledgerPath: values.ledger }),
  ...(values.models && { models: values.models.split(',') }),
  onAnswer({ id, method, url, status, answer, fault, refusal }) {
    const tools = answer?.blocks.flatMap((block) => (block.type === 'tool' ? [block.name] : [])) ?? []
    console.log(
      [id, method, url, status ?? 'broken', fault, refusal, answer && `step ${answer.step}`, ...tools]
        .filter(Boolean)
        .join(' '),
    )
  },
})
console.log(
  `Scripted provider at ${provider.url}: Anthropic, OpenAI, Gemini, Vertex, Bedrock, Azure and Cohere, by their paths`,
)
