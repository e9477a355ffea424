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
  open,
  text,
  texts,
  unenforced,
} from './fields.ts'

/** The `mcp` part of `config.json`; see `schema.ts`. */
const mcpClient = block({
  client_id: accepted(text, 'Stable id.'),
  name: accepted(name, 'Name; its tools are called `<name>-<tool>`.'),
  is_code_mode_client: accepted(flag, 'Tools are reached through code that the model writes.'),
  connection_type: accepted(
    choice(['stdio', 'http', 'sse', 'inprocess', 'websocket']),
    'How the server is reached.',
  ),
  connection_string: accepted(environmentText, 'Address, for `http` and `sse`.'),
  http_config: accepted(open, 'Address, as an object.'),
  websocket_config: accepted(open, 'Address, as an object.'),
  stdio_config: accepted(
    block({
      command: accepted(name, 'Program to start.'),
      args: accepted(texts, 'Its arguments.'),
      envs: accepted(texts, 'Names of environment variables that it gets.'),
    }),
    'Program, for `stdio`.',
  ),
  auth_type: accepted(text, '`none`, `headers` or `oauth`.'),
  oauth_config_id: accepted(text, 'OAuth configuration, for `oauth`.'),
  headers: accepted(map(environmentText), 'Headers sent to the server.'),
  tools_to_execute: accepted(texts, 'Tools that may be called; `["*"]`: all, absent: none.'),
  tools_to_auto_execute: accepted(texts, 'Tools that need no approval.'),
  tool_sync_interval: accepted(duration, 'Between two readings of the tool list; a number is in minutes.'),
  is_ping_available: accepted(flag, 'The server answers pings.'),
  tool_pricing: accepted(map(amount), 'Tool → US dollars a call.'),
})

export const mcpSettings = block({
  client_configs: accepted(list(mcpClient), 'MCP servers whose tools the gateway offers.'),
  tool_manager_config: accepted(
    block({
      tool_execution_timeout: accepted(
        duration,
        'Longest run of a tool. A number is in seconds; with nine digits or more it is in nanoseconds.',
      ),
      max_agent_depth: accepted(count, 'Most rounds of tool calls in one request.'),
      code_mode_binding_level: accepted(
        choice(['server', 'tool']),
        'What one binding of code mode stands for.',
      ),
    }),
    'How tools are run.',
  ),
  tool_sync_interval: accepted(duration, 'Between two readings of the tool lists; a number is in minutes.'),
  tool_groups: unenforced(list(open), 'Sets of tools.'),
  virtual_mcps: unenforced(list(open), 'Sets of tools.'),
})
