import * as z from 'zod/mini'
import { KEY_DEFAULTS, NETWORK_DEFAULTS, QUEUE_DEFAULTS } from './defaults.ts'
import {
  accepted,
  amount,
  block,
  choice,
  environmentText,
  flag,
  list,
  map,
  name,
  names,
  number,
  open,
  positive,
  required,
  served,
  text,
  texts,
  webAddress,
  whole,
} from './fields.ts'

/** The `providers` part of `config.json`; see `schema.ts`. */

/** Names that the format knows, reachable by this version or not; any other needs a `custom_provider_config`. */
export const KNOWN_PROVIDERS: readonly string[] = [
  'openai', 'azure', 'anthropic', 'bedrock', 'cohere', 'vertex', 'mistral', 'ollama', 'groq', 'sgl', 'parasail',
  'perplexity', 'cerebras', 'gemini', 'openrouter', 'elevenlabs', 'huggingface', 'nebius', 'xai', 'replicate',
  'vllm', 'runway', 'fireworks', 'deepseek', 'bedrock_mantle', 'sarvam', 'runware', 'opencode', 'databricks',
  'github_copilot', 'github-copilot', 'typesafe', 'cloudflare', 'sagemaker', 'minimax', 'byteplus', 'deepgram',
  'moonshot', 'zai', 'together', 'deepinfra', 'sambanova', 'nvidia', 'github-models', 'lmstudio',
] // prettier-ignore

const BASE_TYPES = [
  'openai',
  'anthropic',
  'bedrock',
  'cohere',
  'gemini',
  'huggingface',
  'replicate',
  'typesafe',
] as const

const deployments = served(map(text), 'Model name → the id at the provider. Same as `aliases`.')

const alias = z.union([z.string(), z.looseObject({ model_id: z.string() })], {
  error: 'the id of a model at the provider, or an object with "model_id"',
})

const queueSettings = block({
  concurrency: served(positive, 'Requests at once.', QUEUE_DEFAULTS.concurrency),
  buffer_size: served(
    positive,
    'Requests that may wait for their turn; at least `concurrency`. What comes on top is refused.',
    QUEUE_DEFAULTS.buffer_size,
  ),
})

const providerKeySettings = block({
  id: served(name, 'Stable id. Absent: made of the names of the provider and the key.'),
  name: served(name, 'Name shown in logs, unique within the provider.'),
  value: served(environmentText, 'The API key itself, or `env.NAME`. A missing variable disables the key.'),
  models: served(names, 'Models that this key serves. `[]`, `["*"]` and absent all mean every model.', []),
  blacklisted_models: served(names, 'Models that this key does not serve; wins over `models`.', []),
  weight: served(
    z.nullable(amount),
    'Share of calls among the keys that fit; `null` counts as 0.',
    KEY_DEFAULTS.weight,
  ),
  enabled: served(flag, 'false: the key is not used.', KEY_DEFAULTS.enabled),
  aliases: served(map(alias), 'Name that clients use → the id of the model at the provider.'),
  concurrency_and_buffer_size: served(
    queueSettings,
    'Own setting: the same as that of the provider, for this key. Absent: no bound of its own.',
  ),
  use_for_batch_api: accepted(flag, 'The key may be used for batch and file calls.'),
  azure_key_config: served(
    block({
      endpoint: served(environmentText, 'Address of the Azure resource. Required.'),
      deployments: deployments,
      api_version: served(environmentText, 'Version of the API.', '2024-10-21'),
      client_id: served(
        environmentText,
        'Entra application; alone: the managed identity of the machine that has this id.',
      ),
      client_secret: served(environmentText, 'Secret of the Entra application; wins over the API key.'),
      tenant_id: served(environmentText, 'Entra tenant.'),
      scopes: served(texts, 'Scopes of the Entra token.', ['https://cognitiveservices.azure.com/.default']),
    }),
    'Azure OpenAI and Foundry.',
  ),
  vertex_key_config: served(
    block({
      project_id: served(environmentText, 'Google Cloud project. Absent: that of `auth_credentials`.'),
      project_number: served(environmentText, 'Its number.'),
      region: served(environmentText, 'Region of the endpoint, or `global`. Required.'),
      auth_credentials: served(
        environmentText,
        'Service account, or another file of credentials of Google, as JSON text. Absent: the API key, else the application default credentials.',
      ),
      deployments: deployments,
    }),
    'Google Vertex AI.',
  ),
  bedrock_key_config: served(
    block({
      access_key: served(
        environmentText,
        'AWS access key; an API key in `value` wins over it. Absent as well: the credentials of the machine.',
      ),
      secret_key: served(environmentText, 'AWS secret key.'),
      session_token: served(environmentText, 'AWS session token.'),
      region: served(
        environmentText,
        'AWS region. Absent: that of `arn`, `AWS_REGION`, `AWS_DEFAULT_REGION`, else `us-east-1`.',
      ),
      arn: served(environmentText, 'Prefix of inference profiles.'),
      role_arn: served(environmentText, 'Role to assume.'),
      external_id: served(environmentText, 'External id for the role.'),
      session_name: served(environmentText, 'Name of the role session.', 'signalbox'),
      deployments: deployments,
      batch_s3_config: accepted(open, 'Buckets for batches.'),
    }),
    'Amazon Bedrock.',
  ),
  vllm_key_config: served(
    block({
      url: served(webAddress, 'Address of the vLLM server.'),
      model_name: served(name, 'The one model that it serves.'),
    }),
    'A vLLM server.',
  ),
  ollama_key_config: served(
    block({ url: served(webAddress, 'Address of the Ollama server.') }),
    'An Ollama server.',
  ),
  sgl_key_config: served(
    block({ url: served(webAddress, 'Address of the SGLang server.') }),
    'An SGLang server.',
  ),
  huggingface_key_config: served(block({ deployments: deployments }), 'Hugging Face.'),
  replicate_key_config: accepted(block({ deployments: deployments }), 'Replicate.'),
  databricks_key_config: accepted(open, 'Databricks.'),
  github_copilot_key_config: accepted(open, 'GitHub Copilot.'),
  status: accepted(text, 'Written by the admin API; ignored.'),
  description: accepted(text, 'Written by the admin API; ignored.'),
  config_hash: accepted(text, 'Written by the admin API; ignored.'),
})

const backoff = number(0, 1_000_000)

const networkSettings = block({
  base_url: served(webAddress, "Where the provider is. Absent: the provider's own address."),
  extra_headers: served(map(environmentText), 'Headers added to every request to this provider.', {}),
  default_request_timeout_in_seconds: served(
    whole(1, 86_400),
    'Seconds until the response headers; a stream that has begun is watched by the idle timeout instead.',
    NETWORK_DEFAULTS.default_request_timeout_in_seconds,
  ),
  stream_idle_timeout_in_seconds: served(
    whole(5, 3600),
    'Seconds of silence after which a stream is cut.',
    NETWORK_DEFAULTS.stream_idle_timeout_in_seconds,
  ),
  max_retries: served(
    whole(0, 100),
    'Further attempts at this provider after the first.',
    NETWORK_DEFAULTS.max_retries,
  ),
  retry_backoff_initial: served(
    backoff,
    'Milliseconds before the first retry; doubles with each.',
    NETWORK_DEFAULTS.retry_backoff_initial_ms,
  ),
  retry_backoff_initial_ms: served(backoff, 'The same; `retry_backoff_initial` wins.'),
  retry_backoff_max: served(
    backoff,
    'Most milliseconds before a retry.',
    NETWORK_DEFAULTS.retry_backoff_max_ms,
  ),
  retry_backoff_max_ms: served(backoff, 'The same; `retry_backoff_max` wins.'),
  insecure_skip_verify: served(
    flag,
    "true: the provider's certificate is not checked. Not together with `ca_cert_pem`.",
    NETWORK_DEFAULTS.insecure_skip_verify,
  ),
  ca_cert_pem: served(environmentText, 'Certificate authority of the provider, as PEM text.'),
  max_conns_per_host: served(
    whole(1, 10_000),
    'Most connections to the provider at once.',
    NETWORK_DEFAULTS.max_conns_per_host,
  ),
  enforce_http2: accepted(flag, 'Use HTTP/2 only.'),
  beta_header_overrides: accepted(map(flag), 'Prefix of an `anthropic-beta` value → whether it is sent.'),
  stream_throughput_guard: accepted(open, 'Cut streams that are too slow.'),
})

const proxySettings = block({
  type: served(
    choice(['none', 'http', 'socks5', 'environment']),
    '`none` or `http`; providers with another type are left out.',
    'none',
  ),
  url: served(webAddress, 'Address of the proxy.'),
  username: served(environmentText, 'User at the proxy.'),
  password: served(environmentText, 'Password at the proxy.'),
  ca_cert_pem: accepted(environmentText, 'Certificate authority of the proxy, as PEM text.'),
})

const customProviderSettings = block({
  base_provider_type: required(
    choice(BASE_TYPES),
    'Whose API it speaks. `openai` and `anthropic` are reached.',
  ),
  is_key_less: served(flag, 'true: it needs no key.', false),
  request_path_overrides: served(
    map(text),
    'Kind of request (`chat_completion`, `responses`, `count_tokens`, `list_models`, `embedding`, `speech` …) → path below `base_url`, or a whole URL there.',
  ),
  allowed_requests: served(
    map(flag),
    'Kinds of requests that may be sent to it, such as `chat_completion_stream`: those that are true. Absent: all. With `responses`, a provider of type `openai` is asked in the Responses API.',
  ),
  does_not_send_done_marker: accepted(flag, 'Its streams end without `[DONE]`.'),
})

export const providerSettings = block({
  keys: served(list(providerKeySettings), 'API keys; calls are spread over them by weight.', []),
  network_config: served(networkSettings, 'How the provider is reached.'),
  proxy_config: served(proxySettings, 'Proxy through which the provider is reached.'),
  custom_provider_config: served(customProviderSettings, 'Makes the name a provider of your own.'),
  concurrency_and_buffer_size: served(queueSettings, 'How many requests it gets at once. Absent: no bound.'),
  send_back_raw_request: accepted(flag, "Put the provider's request into `extra_fields`."),
  send_back_raw_response: accepted(flag, "Put the provider's answer into `extra_fields`."),
  store_raw_request_response: accepted(flag, 'Keep both in the log only.'),
  openai_config: accepted(
    block({ disable_store: accepted(flag, 'Always send `store: false`.') }),
    'OpenAI only.',
  ),
  prompt_cache: accepted(open, 'Cache marks added to requests.'),
  pricing_overrides: served(list(open), 'Prices of its models, over the catalogue’s: see costs.md.'),
  status: accepted(text, 'Written by the admin API; ignored.'),
  description: accepted(text, 'Written by the admin API; ignored.'),
  config_hash: accepted(text, 'Written by the admin API; ignored.'),
})

export type ProviderSettings = z.infer<typeof providerSettings>
export type QueueSettingsFile = z.infer<typeof queueSettings>
export type ProviderKeySettings = z.infer<typeof providerKeySettings>
export type NetworkSettingsFile = z.infer<typeof networkSettings>
export type ProxySettings = z.infer<typeof proxySettings>
export type CustomProviderSettings = z.infer<typeof customProviderSettings>
