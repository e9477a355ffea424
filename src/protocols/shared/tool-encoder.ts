import { onceForFrozen } from '../../lib/frozen.ts'
import type { FunctionTool, JsonObject } from '../../message/request.ts'
import { JsonText } from './json.ts'
import { ToolNames } from './tool-names.ts'
import { Warnings } from './warnings.ts'

/**
 * Functions as an API writes each of them. That depends on the tool alone, and what is the same in every turn is
 * encoded once. `makeNames`: where the API refuses more names than others do.
 */
export function toolEncoder(
  encode: (tool: FunctionTool, names: ToolNames, warnings: Warnings) => JsonObject,
  makeNames: () => ToolNames = () => new ToolNames(),
): (tools: readonly FunctionTool[], names: ToolNames, warnings: Warnings) => JsonText[] {
  const encodeOnce = onceForFrozen((tool: FunctionTool) => {
    const names = makeNames()
    const warnings = new Warnings()
    const text = new JsonText(JSON.stringify(encode(tool, names, warnings)))
    return { text, names, warnings: warnings.list() }
  })
  return (tools, names, warnings) =>
    tools.map((tool) => {
      const encoded = encodeOnce(tool)
      names.include(encoded.names)
      warnings.include(encoded.warnings)
      return encoded.text
    })
}
