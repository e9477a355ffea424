import { open, rename, rm } from 'node:fs/promises'

/**
 * Writes a file so that whoever reads it meanwhile, or after a crash, gets the old text or the new one and never a
 * part: beside it first, on the disk, then under its name. For its owner alone.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.new`
  try {
    const file = await open(beside, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
