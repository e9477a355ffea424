import type { ForeignBlocks } from '../foreign.ts'
import { isMarked, NEEDLE } from './seal.ts'

/** The thinking that another model made before the user switched to one of this API, which could not decrypt it. */
export const foreignBlocks: ForeignBlocks = {
  list: 'input',
  needle: NEEDLE,
  isForeign: ({ type, encrypted_content: proof }) =>
    type === 'reasoning' && typeof proof === 'string' && isMarked(proof),
  placeholder: '',
}
