import { readDataUrl } from '../../lib/base64.ts'
import { GatewayError } from '../../message/error.ts'
import type { JsonObject, Source } from '../../message/request.ts'

type Bytes = Extract<Source, { kind: 'base64' }>

/** `data:image/png;base64,…` or an address. */
export function urlSource(url: string): Source {
  const data = readDataUrl(url)
  return data === undefined ? { kind: 'url', url } : { kind: 'base64', ...data }
}

export function dataUrl({ mediaType, data }: Bytes): string {
  return `data:${mediaType};base64,${data}`
}

/** A file's bytes as OpenAI's APIs take them. */
export function inlineFile(source: Bytes, title: string | undefined): JsonObject {
  const filename = title ?? `document.${source.mediaType.split('/').at(-1) ?? 'bin'}`
  return { filename, file_data: dataUrl(source) }
}

/** A file that lies at one provider cannot be shown to another; leaving it out would make the model guess. */
export function foreignFile(what: 'image' | 'document', source: Source): GatewayError {
  const id = source.kind === 'file' ? ` ${source.id}` : ''
  const field = `messages[].content[].${what}.source`
  const message = `${field}: the file${id} was uploaded to another provider; send its bytes as base64.`
  return new GatewayError('unsupported', message, { field })
}
