import { expect, it } from 'vitest'
import type { ConfiguredProvider } from '../../../src/stores/config/configuration.ts'
import { compileText, type Loaded } from '../../../src/stores/config/load.ts'
import type { Environment } from '../../../src/stores/config/registry.ts'
import { registry } from './registry.ts'

function load(settings: unknown, environment: Environment = {}): Promise<Loaded> {
  return compileText(JSON.stringify(settings), 'config.json', {
    registry,
    environment,
    appDir: '/app',
    version: 7,
  })
}

async function provider(
  id: string,
  settings: object,
  environment: Environment = {},
): Promise<ConfiguredProvider | undefined> {
  const { configuration } = await load({ providers: { [id]: settings } }, environment)
  return configuration.providers.get(id.toLowerCase())
}

async function noticesOf(settings: unknown, environment: Environment = {}): Promise<string[]> {
  return (await load(settings, environment)).notices.map((notice) => notice.message)
}

const KEY = { name: 'k', value: 'sk-1' }

const VALUES: [title: string, value: unknown, environment: Environment, expected: object][] = [
  ['a literal', 'sk-1', {}, { value: 'sk-1', reference: undefined, enabled: true }],
  ['a literal with a line end', 'sk-1\n', {}, { value: 'sk-1', enabled: true }],
  ['a reference', 'env.A', { A: 'sk-2' }, { value: 'sk-2', reference: 'env.A', enabled: true }],
  ['a reference to a value with a line end', 'env.A', { A: 'sk-2\r\n' }, { value: 'sk-2', enabled: true }],
  ['a reference to nothing', 'env.A', {}, { value: '', reference: 'env.A', enabled: false }],
  ['a reference to an empty variable', 'env.A', { A: '' }, { value: '', reference: 'env.A', enabled: false }],
  ['E4 a reference to what every object has', 'env.constructor', {}, { value: '', enabled: false }],
  ['an object with a value', { value: 'sk-1', env_var: '', from_env: false }, {}, { value: 'sk-1', reference: undefined }],
  ['an object with a reference', { value: 'sk-a***', env_var: 'env.A', from_env: true }, { A: 'sk-2' }, { value: 'sk-2', reference: 'env.A' }],
  ['an object with the bare name', { env_var: 'A' }, { A: 'sk-2' }, { value: 'sk-2', reference: 'env.A' }],
  ['an object with a reference as value', { value: 'env.A' }, { A: 'sk-2' }, { value: 'sk-2', reference: 'env.A' }],
  ['no value', undefined, {}, { value: '', enabled: false }],
  ['a value that no header can hold', 'sk-ключ', {}, { enabled: false }],
] // prettier-ignore

it.each(VALUES)('value of a key: %s', async (_title, value, environment, expected) => {
  const compiled = await provider('openai', { keys: [{ name: 'k', value }] }, environment)
  expect(compiled?.keys[0]).toMatchObject(expected)
})

const KEYS: [title: string, key: object, expected: object][] = [
  ['what is absent', { value: 'v' }, { id: 'openai/key 1', name: 'key 1', weight: 1, enabled: true, models: undefined }],
  ['its own id and name', { id: 'i', name: 'n', value: 'v' }, { id: 'i', name: 'n' }],
  ['an id made of names', { name: 'n', value: 'v' }, { id: 'openai/n' }],
  ['switched off', { value: 'v', enabled: false }, { enabled: false, value: 'v' }],
  ['no models, as 1.4 says all', { value: 'v', models: [] }, { models: undefined }],
  ['a star, as 1.5 says all', { value: 'v', models: ['*'] }, { models: undefined }],
  ['some models', { value: 'v', models: ['a', '__proto__'] }, { models: new Set(['a', '__proto__']) }],
  ['blocked models', { value: 'v', blacklisted_models: ['a'] }, { blockedModels: new Set(['a']), enabled: true }],
  ['all models blocked', { value: 'v', blacklisted_models: ['*'] }, { enabled: false }],
  ['weight 0', { value: 'v', weight: 0 }, { weight: 0 }],
  ['weight null, as 1.5 says none', { value: 'v', weight: null }, { weight: 0 }],
  ['a small weight, which they cut to 0', { value: 'v', weight: 0.005 }, { weight: 0.005 }],
  ['aliases', { value: 'v', aliases: { a: 'b', c: { model_id: 'd' }, e: 'e' } }, { aliases: new Map([['a', 'b'], ['c', 'd'], ['e', 'e']]) }],
  ['deployments as aliases', { value: 'v', huggingface_key_config: { deployments: { a: 'b' } } }, { aliases: new Map([['a', 'b']]) }],
  ['E4 an alias with the name of what every object has', { value: 'v', aliases: { constructor: 'a' } }, { aliases: new Map([['constructor', 'a']]) }],
] // prettier-ignore

it.each(KEYS)('key with %s', async (_title, key, expected) => {
  expect((await provider('openai', { keys: [key] }))?.keys[0]).toMatchObject(expected)
})

const NETWORKS: [title: string, network: object, expected: object][] = [
  ['the defaults', {}, { requestTimeoutMs: 600_000, streamIdleTimeoutMs: 300_000, maxRetries: 0, retryBackoffInitialMs: 500, retryBackoffMaxMs: 5000, insecureSkipVerify: false, maxConnectionsPerHost: 5000, extraHeaders: {} }],
  ['times', { default_request_timeout_in_seconds: 30, stream_idle_timeout_in_seconds: 60 }, { requestTimeoutMs: 30_000, streamIdleTimeoutMs: 60_000 }],
  ['the spelling of the program', { retry_backoff_initial: 100, retry_backoff_max: 200 }, { retryBackoffInitialMs: 100, retryBackoffMaxMs: 200 }],
  ['the spelling of the documents', { retry_backoff_initial_ms: 100, retry_backoff_max_ms: 200 }, { retryBackoffInitialMs: 100, retryBackoffMaxMs: 200 }],
  ['both spellings', { retry_backoff_initial: 100, retry_backoff_initial_ms: 300 }, { retryBackoffInitialMs: 100 }],
  ['headers', { extra_headers: { 'X-Team': 'a', 'x-key': 'env.A', constructor: 'c' } }, { extraHeaders: { 'x-team': 'a', 'x-key': 'secret', constructor: 'c' } }],
  ['no check', { insecure_skip_verify: true }, { insecureSkipVerify: true }],
] // prettier-ignore

it.each(NETWORKS)('network with %s', async (_title, network, expected) => {
  const compiled = await provider('openai', { keys: [KEY], network_config: network }, { A: 'secret' })
  expect(compiled?.network).toMatchObject(expected)
})

const CUSTOM_OPENAI = { base_provider_type: 'openai' }

const ADDRESSES: [title: string, id: string, settings: object, url: string, generate: string, models: string | undefined][] = [
  ['its own', 'openai', {}, 'https://api.openai.com', '/v1/chat/completions', '/v1/models'],
  ['its own, with a path', 'gemini', {}, 'https://generativelanguage.googleapis.com/v1beta', '/v1beta/openai/chat/completions', '/v1beta/openai/models'],
  ['capitals in its name', 'OpenAI', {}, 'https://api.openai.com', '/v1/chat/completions', '/v1/models'],
  ['another one', 'openai', { network_config: { base_url: 'http://10.0.0.1:8000/relay/' } }, 'http://10.0.0.1:8000/relay', '/relay/v1/chat/completions', '/relay/v1/models'],
  ['with the version that the paths have', 'openai', { network_config: { base_url: 'http://a.example/v1/' } }, 'http://a.example', '/v1/chat/completions', '/v1/models'],
  ['with a version, and paths without', 'gemini', { network_config: { base_url: 'http://a.example/v1' } }, 'http://a.example/v1', '/v1/openai/chat/completions', '/v1/openai/models'],
  ['from the environment', 'openai', { network_config: { base_url: 'env.BASE' } }, 'http://base.example', '/v1/chat/completions', '/v1/models'],
  ['a local server', 'ollama', { network_config: { base_url: 'http://127.0.0.1:11434' } }, 'http://127.0.0.1:11434', '/v1/chat/completions', '/v1/models'],
  ['a local server, in its key', 'vllm', { keys: [{ vllm_key_config: { url: 'http://127.0.0.1:8000', model_name: 'm' } }] }, 'http://127.0.0.1:8000', '/v1/chat/completions', '/v1/models'],
  ['a provider of your own', 'mine', { network_config: { base_url: 'http://b.example' }, custom_provider_config: CUSTOM_OPENAI }, 'http://b.example', '/v1/chat/completions', '/v1/models'],
  ['of your own, at the address of its base', 'mine', { custom_provider_config: CUSTOM_OPENAI }, 'https://api.openai.com', '/v1/chat/completions', '/v1/models'],
  ['of your own, with a path', 'mine', { network_config: { base_url: 'http://b.example/v1' }, custom_provider_config: { ...CUSTOM_OPENAI, request_path_overrides: { chat_completion: 'chat', list_models: '/list' } } }, 'http://b.example/v1', '/v1/chat', '/v1/list'],
  ['of your own, with a whole URL', 'mine', { network_config: { base_url: 'http://b.example/api' }, custom_provider_config: { ...CUSTOM_OPENAI, request_path_overrides: { chat_completion_stream: 'http://b.example/api/chat' } } }, 'http://b.example/api', '/api/chat', '/api/v1/models'],
  ['of your own, with only a whole URL', 'mine', { custom_provider_config: { ...CUSTOM_OPENAI, request_path_overrides: { chat_completion: 'http://c.example/x/chat' } } }, 'http://c.example', '/x/chat', '/v1/models'],
  ['of your own, Anthropic by the name of responses', 'mine', { network_config: { base_url: 'http://b.example' }, custom_provider_config: { base_provider_type: 'anthropic', request_path_overrides: { responses: '/messages' } } }, 'http://b.example', '/messages', '/v1/models'],
  ['a known name as your own', 'groq', { network_config: { base_url: 'http://b.example' }, custom_provider_config: { base_provider_type: 'anthropic' } }, 'http://b.example', '/v1/messages', '/v1/models'],
] // prettier-ignore

it.each(ADDRESSES)('address of a provider: %s', async (_title, id, settings, url, generate, models) => {
  const compiled = await provider(id, settings, { BASE: 'http://base.example' })
  const [surface] = compiled!.provider.surfaces
  const { upstream, pathPrefix } = (compiled!.keys[0] ?? compiled!).reach!
  expect(upstream.origin + pathPrefix).toBe(url)
  expect(pathPrefix + surface!.paths.generate).toBe(generate)
  expect(surface!.paths.models === undefined ? undefined : pathPrefix + surface!.paths.models).toBe(models)
})

it('each key of a local server leads to the server that it names', async () => {
  const keys = ['http://a.example', 'http://b.example/v1'].map((url) => ({ vllm_key_config: { url } }))
  const compiled = await provider('vllm', { keys })
  expect(compiled?.keys.map(({ reach }) => reach.upstream.origin + reach.pathPrefix)).toEqual([
    'http://a.example',
    'http://b.example',
  ])
})

it.each([
  ['its own address', {}, false],
  ["the operator's", { network_config: { base_url: 'http://127.0.0.1:1' } }, true],
])('only %s may be private', async (_title, settings, operatorNamed) => {
  expect((await provider('openai', settings))?.reach?.upstream.operatorNamed).toBe(operatorNamed)
})

it('a provider of your own never takes login tokens', async () => {
  const compiled = await provider('mine', { custom_provider_config: { base_provider_type: 'anthropic' } })
  expect(compiled?.provider.loginTokenPrefix).toBeUndefined()
})

it('a server without keys has one without a value, which is used', async () => {
  const base = { network_config: { base_url: 'http://127.0.0.1:1' } }
  const custom = { ...base, custom_provider_config: { ...CUSTOM_OPENAI, is_key_less: true } }
  for (const keys of [(await provider('ollama', base))?.keys, (await provider('mine', custom))?.keys]) {
    expect(keys).toMatchObject([{ name: 'keyless', value: '', enabled: true }])
  }
  const named = { keys: [{ name: 'a', vllm_key_config: { url: 'http://127.0.0.1:1', model_name: 'm' } }] }
  expect((await provider('vllm', named))?.keys).toMatchObject([
    { name: 'a', enabled: true, models: new Set(['m']) },
  ])
})

const PROXIES: [title: string, proxy: object, expected: string | undefined][] = [
  ['none', { type: 'none', url: 'http://p.example' }, undefined],
  ['http', { type: 'http', url: 'http://p.example:3128' }, 'http://p.example:3128/'],
  ['with a login', { type: 'http', url: 'http://p.example', username: 'a@b', password: 'env.A' }, 'http://a%40b:s%2Fe%25c@p.example/'],
] // prettier-ignore

it.each(PROXIES)('proxy: %s', async (_title, proxy, expected) => {
  expect((await provider('openai', { proxy_config: proxy }, { A: 's/e%c' }))?.reach?.upstream.proxyUrl).toBe(
    expected,
  )
})

const openai = (settings: object) => ({ providers: { openai: settings } })
const virtualKey = (settings: object) => ({
  governance: { virtual_keys: [{ id: 'i', name: 'dev', ...settings }] },
})

const NOTICES: [title: string, settings: unknown, messages: string[]][] = [
  ['nothing to say', { client: { enable_logging: true }, ...openai({ keys: [KEY] }) }, []],
  ['a name with a slip', { client: { enable_loging: true }, x: 1 }, ['config.json has names that are no settings: client.enable_loging (did you mean enable_logging?), x.']],
  ['many keys with the same', openai({ keys: [{ ...KEY, use_for_batch_api: true }, { ...KEY, name: 'b', use_for_batch_api: false }] }), ['config.json has settings that this version accepts and does not serve: providers.openai.keys[].use_for_batch_api.']],
  ['a limit that nobody keeps', { client: { enforce_scim_auth: true } }, ['config.json has settings that this version accepts and does not serve: client.enforce_scim_auth. Of these, the following limit access or spending, and nothing enforces them: client.enforce_scim_auth.']],
  ['a missing variable', openai({ keys: [{ name: 'a', value: 'env.NOT_SET' }] }), ['The key "a" of openai is not used: the environment has no NOT_SET.']],
  ['a key without value', openai({ keys: [{ name: 'a' }] }), ['The key "a" of openai is not used: it has no value.']],
  ['a switched off key without value', openai({ keys: [{ name: 'a', enabled: false }] }), []],
  ['a key that no header can hold', openai({ keys: [{ name: 'a', value: 'sk-\u0000' }] }), ['The key "a" of openai is not used: its value has characters that no header can hold.']],
  ['a key with all models blocked', openai({ keys: [{ ...KEY, blacklisted_models: ['*'] }] }), ['The key "k" of openai is not used: its blacklisted_models are all models.']],
  ['providers out of reach', { providers: { azure: {}, Vertex: {}, mine: { custom_provider_config: { base_provider_type: 'bedrock' } } } }, ['This version does not reach these providers and leaves them out: azure, vertex, mine.']],
  ['a proxy of another kind', openai({ proxy_config: { type: 'socks5', url: 'http://p.example' } }), ['The provider openai is left out: this version has no socks5 proxies.']],
  ['a proxy whose password is missing', openai({ proxy_config: { type: 'http', url: 'http://p.example', password: 'env.NOT_SET' } }), ['The provider openai is left out: the environment has no NOT_SET.']],
  ['an address that is missing', openai({ network_config: { base_url: 'env.NOT_SET' } }), ['The provider openai is left out: the environment has no NOT_SET.']],
  ['an address from the environment that is none', openai({ network_config: { base_url: 'env.SET' } }), ['The provider openai is left out: its base_url is no http:// or https:// address.']],
  ['a header that is missing', openai({ network_config: { extra_headers: { 'x-a': 'env.NOT_SET' } } }), ['The provider openai is left out: the environment has no NOT_SET.']],
  ['a certificate from the environment that is none', openai({ network_config: { ca_cert_pem: 'env.SET' } }), ['The provider openai is left out: its ca_cert_pem is no certificate.']],
  ['a path that leads elsewhere', { providers: { mine: { network_config: { base_url: 'http://b.example' }, custom_provider_config: { ...CUSTOM_OPENAI, request_path_overrides: { chat_completion: 'http://u:p@c.example/x' } } } } }, ['The provider mine is left out: its request path http://…@c.example/x is not below http://b.example.']],
  ['a virtual key whose variable is missing', virtualKey({ value: 'env.NOT_SET' }), ['The virtual key "dev" cannot be used: the environment has no NOT_SET.']],
  ['a virtual key without value, for which one is made up', virtualKey({}), []],
  ['a virtual key that looks like any other', virtualKey({ value: 'dev' }), ['The virtual key "dev" does not begin with sk-bf-: callers can send it in x-bf-vk only.']],
  ['a log in another database', { logs_store: { type: 'postgres' } }, ['logs_store: this version does not write to postgres; the log goes to /app/logs.db.']],
  ['a log whose path is missing', { logs_store: { config: { path: 'env.NOT_SET' } } }, ['logs_store: the environment has no NOT_SET; the log goes to /app/logs.db.']],
  ['any web page', { client: { allowed_origins: ['*'] } }, ['client.allowed_origins "*" lets every web page call for inference; the admin API still answers its own pages only.']],
] // prettier-ignore

it.each(NOTICES)('notice: %s', async (_title, settings, messages) => {
  expect(await noticesOf(settings, { SET: 'no-address' })).toEqual(messages)
})

it('two virtual keys whose variables hold the same value: the first one counts', async () => {
  const settings = {
    governance: {
      virtual_keys: [
        { id: 'a', name: 'a', value: 'env.A' },
        { id: 'b', name: 'b', value: 'env.B' },
      ],
    },
  }
  const { configuration, notices } = await load(settings, { A: 'sk-bf-1', B: 'sk-bf-1' })
  expect(configuration.governance.findVirtualKey('sk-bf-1')?.virtualKey.id).toBe('a')
  expect(notices.map((notice) => notice.message)).toEqual([
    'The virtual key "b" cannot be used: it has the same value as "a".',
  ])
})

const CLIENTS: [title: string, client: object, expected: object][] = [
  ['the defaults', {}, { enableLogging: true, disableContentLogging: false, logRetentionDays: 365, enforceAuthOnInference: false, maxRequestBodyBytes: 104_857_600, allowedOrigins: [], allowedHosts: [], loggingHeaders: [] }],
  ['keys required', { enforce_auth_on_inference: true }, { enforceAuthOnInference: true }],
  ['keys required, the older name', { enforce_governance_header: true }, { enforceAuthOnInference: true }],
  ['keys required by either name', { enforce_auth_on_inference: false, enforce_governance_header: true }, { enforceAuthOnInference: true }],
  ['origins and hosts', { allowed_origins: ['https://A.example/'], allowed_hosts: ['Box.LAN', '[::2]'] }, { allowedOrigins: ['https://a.example'], allowedHosts: ['box.lan', '[::2]'] }],
  ['a small body', { max_request_body_size_mb: 1 }, { maxRequestBodyBytes: 1_048_576 }],
  ['headers for the log', { logging_headers: ['X-Team'] }, { loggingHeaders: ['x-team'] }],
] // prettier-ignore

it.each(CLIENTS)('client with %s', async (_title, client, expected) => {
  expect((await load({ client })).configuration.client).toMatchObject(expected)
})

const PROTECTED: [title: string, auth: object, client: object, asksForKeys: boolean][] = [
  ['with a password', { is_enabled: true }, {}, true],
  ['with one that is not asked for', { is_enabled: false }, {}, false],
  ['with one, but not for inference', { is_enabled: true, disable_auth_on_inference: true }, {}, false],
  ['with one, and inference open', { is_enabled: true }, { enforce_auth_on_inference: false }, false],
]

it.each(PROTECTED)('I4 an admin API %s', async (_title, auth, client, asksForKeys) => {
  const auth_config = { admin_username: 'ann', admin_password: 'Correct-horse-7', ...auth }
  for (const settings of [{ auth_config }, { governance: { auth_config } }]) {
    const { configuration } = await load({ ...settings, client })
    expect(configuration.client.enforceAuthOnInference).toBe(asksForKeys)
  }
})

const LOGS: [title: string, store: object, expected: object][] = [
  ['absent', {}, { enabled: true, path: '/app/logs.db' }],
  ['off', { enabled: false }, { enabled: false, path: '/app/logs.db' }],
  ['relative to the app dir', { config: { path: './data/calls.db' } }, { enabled: true, path: '/app/data/calls.db' }],
  ['absolute', { config: { path: '/var/calls.db' } }, { enabled: true, path: '/var/calls.db' }],
  ['from the environment', { config: { path: 'env.LOGS' } }, { enabled: true, path: '/mnt/calls.db' }],
] // prettier-ignore

it.each(LOGS)('log %s', async (_title, logs_store, expected) => {
  expect((await load({ logs_store }, { LOGS: '/mnt/calls.db' })).configuration.logs).toEqual(expected)
})

const DETECTED: [title: string, settings: object, environment: Environment, expected: string[]][] = [
  ['nothing but logins', {}, {}, ['anthropic']],
  ['three keys', {}, { GROQ_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', GEMINI_API_KEY: 'c' }, ['anthropic env.ANTHROPIC_API_KEY', 'gemini env.GEMINI_API_KEY', 'groq env.GROQ_API_KEY']],
  ['the first name that has a value', {}, { OPENAI_API_KEY: ' ', OPENAI_KEY: 'a' }, ['anthropic', 'openai env.OPENAI_KEY']],
  ['an empty list of providers', { providers: {} }, { GROQ_API_KEY: 'a' }, ['anthropic', 'groq env.GROQ_API_KEY']],
  ['not when the file lists some', { providers: { openai: {} } }, { GROQ_API_KEY: 'a' }, ['openai']],
] // prettier-ignore

it.each(DETECTED)('providers from the environment: %s', async (_title, settings, environment, expected) => {
  const { configuration, notices } = await load(settings, environment)
  const found = [...configuration.providers.values()].map(({ id, keys }) =>
    [id, ...keys.map((key) => key.reference)].join(' '),
  )
  expect(found).toEqual(expected)
  expect(notices).toEqual([])
})
