import { openaiOperations } from '../../src/operations/endpoints.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { prospectOf } from '../../src/pipeline/prospect.ts'
import type { InboundRequest } from '../../src/pipeline/read-request.ts'
import type { Operation } from '../../src/protocols/endpoint.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import type { Prospect } from '../../src/rules/budgets.ts'
import type { ConfiguredProvider } from '../../src/stores/config/configuration.ts'
import { scanBody } from '../../src/pipeline/watched.ts'

export interface Circumstances {
  operation?: Operation
  method?: string
  path?: string
  /** Of the settings: `video_remix`. */
  kind?: string
  generates?: boolean
  /** Fields of a form, whose files are of so many bytes. */
  form?: object
}

/** What is known of a request with this body for `provider/model`. */
export function prospect(
  protocol: string,
  place: string,
  body: object | string,
  { operation = 'generate', method = 'POST', path = '/', kind, generates, form }: Circumstances = {},
): Prospect {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const slash = place.indexOf('/')
  const [id, model] = [place.slice(0, slash), place.slice(slash + 1)]
  const endpoint = kind === undefined ? { method } : openaiOperations.find((each) => each.kind === kind)
  const call = { protocol: { id: protocol }, endpoint, operation, path, passthrough: { path, generates } }
  const request = {
    body: bytes,
    bodyBytes: bytes.length,
    ...(form === undefined ? scanned(bytes) : { fields: new Map() }),
    model,
    ...(form && { summary: Buffer.from(JSON.stringify(form)) }),
  }
  const provider = { id, provider: PROVIDERS.get(id) ?? PROVIDERS.get('openai') }
  const target = { provider: provider as unknown as ConfiguredProvider, model }
  return prospectOf(call as unknown as Call, request as unknown as InboundRequest, target, operation)
}

/** None where the body is no JSON, as for requests that go on as they are. */
function scanned(body: Buffer): Pick<InboundRequest, 'fields' | 'strings'> {
  try {
    const { fields, strings } = scanBody(body)
    return { fields, strings }
  } catch {
    return { fields: new Map(), strings: undefined }
  }
}
