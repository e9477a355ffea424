import type {
  Block,
  DocumentBlock,
  OpaqueBlock,
  SearchResultBlock,
  ToolResultBlock,
} from '../../message/request.ts'
import { opaqueText } from './opaque-text.ts'
import type { Warnings } from './warnings.ts'

/** What stands for content that an API has no form for. */

export function leftOut(name: string, why: string, warnings: Warnings): string {
  warnings.add('dropped', `messages[].content[].${name}`, why)
  return `[The ${name} was left out: ${why}]`
}

export function searchResultText({ title, source, content }: SearchResultBlock): string {
  return [title, `Source: ${source}`, ...content.map(({ text }) => text)].join('\n')
}

/** What is told of a document before its content. */
export function documentHeading({ title, context }: DocumentBlock): string[] {
  const heading = [title === undefined ? '' : `Document: ${title}`, context ?? '']
  return heading.filter((line) => line !== '')
}

/** Empty for a block that says nothing. */
export function opaqueStandIn(block: OpaqueBlock, warnings: Warnings): string {
  const text = opaqueText(block)
  const field = `messages[].content[].${block.kind}`
  if (text === undefined) warnings.add('dropped', field, 'only its own provider knows it')
  else warnings.add('changed', field, 'sent as text')
  return text ?? ''
}

/** For results that cannot say that they are errors. */
export function toolErrorText({ isError }: ToolResultBlock, text: string): string {
  return isError ? `[tool error] ${text}`.trimEnd() : text
}

/** Marks of the client's for its cache and for citations, where the upstream has none. */
export function dropMarks(block: Block, warnings: Warnings): void {
  if ('cache' in block && block.cache !== undefined)
    warnings.add('dropped', 'cache_control', 'the upstream caches by itself')
  dropCitations(block, warnings)
}

export function dropCitations(block: Block, warnings: Warnings): void {
  if (block.type === 'text' && block.citations !== undefined)
    warnings.add('dropped', 'messages[].content[].citations', 'text has no citations here')
  if (block.type === 'document' && block.citations === true)
    warnings.add('dropped', 'messages[].content[].document.citations', 'answers cannot cite documents here')
}
