import { type Content, type Part, GoogleGenAI } from '@google/genai'

import { type Sdk, TOOLS } from './sdk.ts'

export const genaiSdk: Sdk = {
  name: '@google/genai',
  prefix: '/genai',
  open({ url, key, model, prompt, thinks }) {
    const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } })
    const contents: Content[] = [{ role: 'user', parts: [{ text: prompt }] }]
    const functionDeclarations = TOOLS.map(({ name, description, schema }) => ({
      name,
      description,
      parametersJsonSchema: schema,
    }))
    const config = {
      tools: [{ functionDeclarations }],
      ...(thinks && { thinkingConfig: { includeThoughts: true } }),
    }
    return {
      async send() {
        const parts: Part[] = []
        let usage
        for await (const chunk of await client.models.generateContentStream({ model, contents, config })) {
          parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []))
          usage = chunk.usageMetadata ?? usage
        }
        contents.push({ role: 'model', parts })
        const texts = parts.filter((part) => part.text)
        const cached = usage?.cachedContentTokenCount ?? 0
        return {
          text: texts.flatMap((part) => (part.thought ? [] : [part.text])).join(''),
          thoughts: texts.flatMap((part) => (part.thought ? [part.text] : [])).join(''),
          calls: parts.flatMap(({ functionCall: call }) =>
            call ? [{ id: call.id ?? '', name: call.name ?? '', input: call.args ?? {} }] : [],
          ),
          pieces: texts.filter((part) => !part.thought).length,
          ...(usage && {
            usage: {
              fresh: (usage.promptTokenCount ?? 0) - cached,
              cached,
              output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
            },
          }),
        }
      },
      give(results) {
        const parts = results.map(({ call, output }) => ({
          functionResponse: { ...(call.id && { id: call.id }), name: call.name, response: { output } },
        }))
        contents.push({ role: 'user', parts })
      },
    }
  },
}
