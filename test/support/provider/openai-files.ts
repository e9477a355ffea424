import { type Json, parseJson } from './json.ts'
import { checkForm, type Route } from './openai-forms.ts'
import { notStored } from './openai-refusals.ts'
import type { RecordedRequest } from './record.ts'
import { identifier } from './script.ts'
import type { Service } from './service.ts'

/** The provider remembers nothing: the id of a file or batch is what is known of it. */
const idOf = (prefix: string, known: Json) =>
  prefix + Buffer.from(JSON.stringify(known)).toString('base64url')

const knownOf = ({ path }: RecordedRequest): Json => {
  const sealed = /\/(?:file-|batch_)([\w-]+)/.exec(path)?.[1] ?? ''
  return parseJson(Buffer.from(sealed, 'base64url').toString())
}

const checkId: Service['check'] = (request) =>
  knownOf(request)
    ? undefined
    : { ...notStored(request.path.split('/').at(-1) ?? ''), message: 'No such File object.' }

const CREATED = 1735689600

const fileOf = (known: Json) => ({
  id: idOf('file-', known),
  object: 'file',
  ...known,
  created_at: CREATED,
  expires_at: null,
  status: 'processed',
  status_details: null,
})

const batchOf = (known: Json, status: string) => ({
  id: idOf('batch_', known),
  object: 'batch',
  ...known,
  errors: null,
  status,
  output_file_id: null,
  error_file_id: null,
  created_at: CREATED,
  expires_at: CREATED + 86_400,
  request_counts: { total: 0, completed: 0, failed: 0 },
  metadata: null,
})

const list = (name: string): Service => ({
  name,
  answer: () => ({ json: { object: 'list', data: [], has_more: false, first_id: null, last_id: null } }),
})

const upload: Service = {
  name: 'files',
  check: ({ body }) => checkForm(body, 'file purpose', 'expires_after[anchor] expires_after[seconds]'),
  answer: ({ body }) => ({
    json: fileOf({ bytes: body.file.size, filename: body.file.file, purpose: body.purpose }),
  }),
}

const create: Service = {
  name: 'batches',
  check: ({ body }) =>
    checkForm(body, 'input_file_id endpoint completion_window', 'metadata output_expires_after'),
  answer: ({ body: { input_file_id, endpoint, completion_window } }) => ({
    json: batchOf({ input_file_id, endpoint, completion_window, n: identifier().slice(0, 4) }, 'validating'),
  }),
}

/** What is asked of one file or batch. */
const one = (name: string, answer: Service['answer']): Service => ({ name, check: checkId, answer })

export const openaiFiles: Route[] = [
  { method: 'POST', path: /\/files$/, service: upload },
  { method: 'GET', path: /\/files$/, service: list('files') },
  {
    method: 'GET',
    path: /\/files\/[\w-]+\/content$/,
    service: one('files', () => ({
      bytes: Buffer.from('{"scripted":true}\n'),
      type: 'application/octet-stream',
    })),
  },
  {
    method: 'GET',
    path: /\/files\/[\w-]+$/,
    service: one('files', (request) => ({ json: fileOf(knownOf(request)) })),
  },
  {
    method: 'DELETE',
    path: /\/files\/[\w-]+$/,
    service: one('files', ({ path }) => ({
      json: { id: path.split('/').at(-1), object: 'file', deleted: true },
    })),
  },
  { method: 'POST', path: /\/batches$/, service: create },
  { method: 'GET', path: /\/batches$/, service: list('batches') },
  {
    method: 'POST',
    path: /\/batches\/[\w-]+\/cancel$/,
    service: one('batches', (request) => ({ json: batchOf(knownOf(request), 'cancelling') })),
  },
  {
    method: 'GET',
    path: /\/batches\/[\w-]+$/,
    service: one('batches', (request) => ({ json: batchOf(knownOf(request), 'in_progress') })),
  },
]
