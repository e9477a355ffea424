import { lookup } from './catalogue.ts'

/**
 * How a provider spells a model, by whatever name it is known elsewhere; undefined where the catalogue does not have
 * it there. Newer models on Bedrock are only to be had through an inference profile: of these the worldwide one, which
 * is a tenth cheaper than a regional one and there in every region.
 */
export function spellingAt(provider: string, name: string): string | undefined {
  const id = lookup(provider, name)?.id
  if (id === undefined || id === name) return id
  const worldwide = `global.${id}`
  return lookup(provider, worldwide)?.id === worldwide ? worldwide : id
}
