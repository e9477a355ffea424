import * as z from 'zod/mini'
import { DURATION_FORMS } from '../../rules/windows.ts'
import {
  CLIENT_DEFAULTS,
  CONFIG_STORE_FILE,
  LEDGER_CONNECTIONS_MIN,
  LEDGER_DEFAULTS,
  LOGS_FILE,
  SSL_MODES,
} from './defaults.ts'
import {
  accepted,
  amount,
  block,
  choice,
  count,
  duration,
  environmentText,
  flag,
  list,
  map,
  name,
  names,
  number,
  open,
  period,
  positive,
  required,
  served,
  text,
  texts,
  unenforced,
  whole,
} from './fields.ts'
import { accounts, levelBudgets } from './schema-accounts.ts'
import { adminAuthentication, governanceSettings } from './schema-governance.ts'
import { mcpSettings } from './schema-mcp.ts'
import { providerSettings } from './schema-providers.ts'

/**
 * Every setting of `config.json`, defined once: what is checked, what the JSON schema says, what
 * `docs/settings.md` lists. The names are those of Bifrost, so that its files load unchanged; `allowed_hosts` is
 * our own. The large parts have a file each: `schema-providers.ts`, `schema-governance.ts`, `schema-mcp.ts`.
 */

/** A host name or address, no scheme, no port. */
const hostName = () => {
  const error = 'a host name without scheme, port or path, such as "gateway.example.com"'
  return z.string({ error }).check(z.regex(/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9_.-]*[a-z0-9])?)$/i, { error }))
}

/** `*`, `https://host:port`, or either with `*.` for one label. */
const origin = () => {
  const error = '"*" or an origin such as "https://app.example.com"'
  return z
    .string({ error })
    .check(z.regex(/^(\*|([a-z][a-z0-9+.-]*:\/\/)?(\*\.)?[a-z0-9[\]:._-]+\/?)$/i, { error }))
}

const clientSettings = block({
  enable_logging: served(flag, 'Write a row for every call.', CLIENT_DEFAULTS.enable_logging),
  disable_content_logging: served(
    flag,
    'true: the bodies of calls are not stored.',
    CLIENT_DEFAULTS.disable_content_logging,
  ),
  log_retention_days: served(
    whole(1, 36_500),
    'Days that a log row is kept.',
    CLIENT_DEFAULTS.log_retention_days,
  ),
  logging_headers: served(names, 'Request headers that are copied into the log row.', []),
  enforce_auth_on_inference: served(
    flag,
    'true: callers must send a virtual key.',
    CLIENT_DEFAULTS.enforce_auth_on_inference,
  ),
  enforce_governance_header: served(flag, 'Older name of `enforce_auth_on_inference`; either one counts.'),
  max_request_body_size_mb: served(
    whole(1, 4096),
    'Largest request body, in MiB.',
    CLIENT_DEFAULTS.max_request_body_size_mb,
  ),
  allowed_origins: served(
    list(origin()),
    'Origins of web pages that may call for inference. The admin API answers its own pages only.',
    [],
  ),
  allowed_hosts: served(
    list(hostName()),
    'Host names under which the gateway answers, besides those of loopback.',
    [],
  ),
  allowed_headers: accepted(texts, 'Further headers that web pages may send.'),
  enforce_scim_auth: unenforced(flag, 'Callers must be users of an identity provider.'),
  allow_direct_keys: accepted(flag, "true: a caller's own provider key is used."),
  drop_excess_requests: served(
    flag,
    'true: refuse instead of waiting where a provider has all requests that it takes at once.',
    CLIENT_DEFAULTS.drop_excess_requests,
  ),
  initial_pool_size: accepted(positive, 'Size of object pools.'),
  prometheus_labels: accepted(texts, 'Further labels of metrics.'),
  disable_db_pings_in_health: accepted(flag, 'true: `/health` does not look at the databases.'),
  enable_litellm_fallbacks: accepted(flag, 'true: text completions become chat completions.'),
  header_filter_config: served(
    block({
      allowlist: served(
        texts,
        'Headers that are forwarded, also without `x-bf-eh-`; `*` at the end stands for any.',
      ),
      denylist: served(texts, 'Headers that are not forwarded.'),
    }),
    'Which request headers are forwarded to providers.',
  ),
  required_headers: served(names, 'Headers without which a request is refused.'),
  whitelisted_routes: served(
    texts,
    'Paths of the admin API that need no password; `*` at the end stands for any ending.',
  ),
  async_job_result_ttl: accepted(positive, 'Seconds that the result of an asynchronous job is kept.'),
  hide_deleted_virtual_keys_in_filters: accepted(flag, 'true: the dashboard does not offer deleted keys.'),
  mcp_agent_depth: accepted(count, 'Most rounds of tool calls in one request.'),
  mcp_tool_execution_timeout: accepted(duration, 'Longest run of a tool; a number is in seconds.'),
  mcp_code_mode_binding_level: accepted(
    choice(['server', 'tool']),
    'What one binding of code mode stands for.',
  ),
  mcp_tool_sync_interval: accepted(
    duration,
    'Between two readings of the tool lists; a number is in minutes, 0: never.',
  ),
  mcp_disable_auto_tool_inject: accepted(flag, 'true: tools are offered only to requests that ask for them.'),
  mcp_server_auth_mode: unenforced(text, '`headers`, `both` or `oauth`.'),
  mcp_enable_temp_token_auth: accepted(flag, 'true: short-lived links for missing credentials.'),
  oauth2_server_config: accepted(open, 'The gateway as an OAuth server.'),
  compat: accepted(open, 'Conversions between kinds of requests.'),
  vk_rotation_cooldown: served(
    z.union([count, period], { error: `seconds, or ${DURATION_FORMS}` }),
    'How long the value of a virtual key still works after it was replaced; a number is in seconds.',
    0,
  ),
  retain_content_in_object_storage: accepted(flag, 'Keep bodies in object storage.'),
  allow_per_request_content_storage_override: accepted(flag, 'Callers may switch the storing of bodies.'),
  webhook_config: accepted(open, 'Messages about finished jobs.'),
})

/** A SQLite file, or what Bifrost's files say of a PostgreSQL server. */
function databasePlace(standard: string) {
  return block({
    path: served(environmentText, 'SQLite file; a relative path starts at the app dir.', standard),
    host: accepted(environmentText, 'PostgreSQL server.'),
    port: accepted(z.union([z.string(), z.number(), environmentText], { error: 'a port' }), 'Its port.'),
    user: accepted(environmentText, 'User.'),
    password: accepted(environmentText, 'Password.'),
    db_name: accepted(environmentText, 'Database.'),
    ssl_mode: accepted(environmentText, 'How the connection is secured.'),
    max_idle_conns: accepted(count, 'Idle connections.'),
    max_open_conns: accepted(count, 'Open connections.'),
  })
}

const logsStoreSettings = block({
  enabled: served(flag, 'false: nothing is logged.', true),
  type: served(choice(['sqlite', 'postgres', 'clickhouse']), 'This version writes SQLite only.', 'sqlite'),
  config: served(databasePlace(LOGS_FILE), 'Where the log is.'),
})

const ledgerStoreSettings = block({
  type: served(
    choice(['sqlite', 'postgres']),
    '`postgres`: several gateways share budgets and rate limits. Read at the start.',
    LEDGER_DEFAULTS.type,
  ),
  config: served(
    block({
      host: required(
        environmentText,
        'PostgreSQL server: a name, an address, or the directory of its socket.',
      ),
      port: served(
        z.union([whole(1, 65_535), environmentText], { error: 'a port' }),
        'Its port.',
        LEDGER_DEFAULTS.port,
      ),
      user: required(environmentText, 'User.'),
      password: served(environmentText, 'Password.'),
      db_name: required(
        environmentText,
        'Database. The ledger has a schema of its own in it, `signalbox_ledger`.',
      ),
      ssl_mode: served(
        choice(SSL_MODES),
        'How the connection is secured; `require` encrypts and does not look at the certificate.',
        LEDGER_DEFAULTS.ssl_mode,
      ),
      max_open_conns: served(
        whole(LEDGER_CONNECTIONS_MIN, 100),
        'Connections of one gateway.',
        LEDGER_DEFAULTS.max_open_conns,
      ),
    }),
    'Where the database is, for `postgres`.',
  ),
})

const configStoreSettings = block({
  enabled: served(flag, 'false: nothing but this file counts, and the admin API changes nothing.', true),
  type: served(choice(['sqlite', 'postgres']), 'This version writes SQLite only.', 'sqlite'),
  config: served(databasePlace(CONFIG_STORE_FILE), 'Where the database is.'),
})

const plugin = block({
  enabled: accepted(flag, 'false: not loaded.'),
  name: accepted(name, 'Name of the plugin.'),
  config: accepted(z.unknown(), 'Settings of the plugin.'),
  path: accepted(z.nullable(text), 'File of a plugin of your own.'),
  version: accepted(amount, 'Raise it to load the plugin again.'),
  placement: accepted(text, '`pre_builtin` or `post_builtin`.'),
  order: accepted(number(Number.MIN_SAFE_INTEGER), 'Order among those of the same placement.'),
})

const frameworkSettings = block({
  pricing: served(
    block({
      pricing_url: served(text, 'Where `catalogue update` reads, unless it is told: https:// or file://.'),
      pricing_sync_interval: accepted(duration, 'Not obeyed: nothing is fetched unasked.'),
    }),
    'Prices of models.',
  ),
})

const webSocketSettings = block({
  max_connections_per_user: accepted(positive, 'Connections of one user.'),
  transcript_buffer_size: accepted(positive, 'Events kept for a late reader.'),
  pool: accepted(
    block({
      max_idle_per_key: accepted(count, 'Idle connections of a provider key.'),
      max_total_connections: accepted(count, 'All connections.'),
      idle_timeout_seconds: accepted(count, 'Seconds until an idle connection is closed.'),
      max_connection_lifetime_seconds: accepted(count, 'Seconds until any connection is closed.'),
    }),
    'Connections to providers.',
  ),
})

export const settingsSchema = block({
  $schema: served(text, 'Address of the JSON schema, for editors. Any is accepted.'),
  client: served(clientSettings, 'The side of the callers.'),
  providers: served(
    map(providerSettings),
    'Provider → how it is reached. Absent or empty: found by environment variables.',
    {},
  ),
  governance: served(governanceSettings, 'Who may call, and how much.'),
  accounts,
  budgets: levelBudgets,
  logs_store: served(logsStoreSettings, 'The log of calls.'),
  ledger_store: served(ledgerStoreSettings, 'What is spent of budgets and rate limits.'),
  config_store: served(configStoreSettings, 'Database for settings made through the admin API.'),
  mcp: accepted(mcpSettings, 'Tools of MCP servers.'),
  vector_store: accepted(
    block({
      enabled: accepted(flag, 'false: not used.'),
      type: accepted(choice(['weaviate', 'redis', 'qdrant', 'pinecone']), 'Kind of store.'),
      config: accepted(open, 'Where the store is.'),
    }),
    'Store for the semantic cache.',
  ),
  plugins: accepted(list(plugin), 'Plugins.'),
  framework: served(frameworkSettings, 'Prices.'),
  websocket: accepted(webSocketSettings, 'WebSocket connections.'),
  encryption_key: served(
    environmentText,
    'Key for secrets at rest, of at least 16 characters. Absent: `BIFROST_ENCRYPTION_KEY`, or the key file of the app dir.',
  ),
  setup_token: served(
    environmentText,
    'Lets whoever knows it make the first administrator from another machine. Absent: `BIFROST_SETUP_TOKEN`.',
  ),
  auth_config: served(adminAuthentication, 'Older place of `governance.auth_config`.'),
  source_of_truth: served(text, '`config.json`: the file wins over the admin API.'),
  schema_url: accepted(text, 'Where the JSON schema is read.'),
  cluster_config: accepted(open, 'Several gateways as one.'),
  saml_config: unenforced(open, 'Sign-in through an identity provider.'),
  load_balancer_config: accepted(open, 'Adaptive load balancing.'),
  guardrails_config: unenforced(open, 'Checks of prompts and answers.'),
  audit_logs: accepted(open, 'Log of changes.'),
  large_payload_optimization: accepted(open, 'Handling of very large bodies.'),
})

/** A file that passed: the types of the format, nothing filled in. */
export type Settings = z.infer<typeof settingsSchema>
