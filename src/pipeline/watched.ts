import { PROTOCOLS } from '../protocols/index.ts'
import { scanObject } from '../wire/json-scan.ts'
import { WatchedStrings } from '../wire/nested-strings.ts'
import type { ScannedBody } from './foreign-blocks.ts'
import { TOOL_NEEDLES } from './named-models.ts'
import { MEDIA_NEEDLES } from './prospect-media.ts'

const FOREIGN = PROTOCOLS.flatMap(({ foreignBlocks, foreignStrings }) => [
  ...(foreignBlocks === undefined ? [] : [foreignBlocks.needle]),
  ...(foreignStrings?.isBeginning === true ? [`"${foreignStrings.needle}`] : []),
])

/** What the native path looks for inside of clients' bodies, noted while they are scanned. */
export const WATCHED = new WatchedStrings([
  ...new Set(FOREIGN.filter((needle) => needle.startsWith('"'))),
  ...MEDIA_NEEDLES,
  ...TOOL_NEEDLES,
  '"clear_at"',
  '"output_config"',
  '"reasoning',
  '"scope"',
  '"tool_calls"',
])

/** A body that was written here, scanned as those of clients are. */
export function scanBody(body: Buffer): ScannedBody {
  return { body, ...scanObject(body, undefined, WATCHED) }
}
