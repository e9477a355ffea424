import { setPriority } from 'node:os'

/** Lets the calls come first where they and the thread that calls this want the same core. */
export function giveWay(): void {
  try {
    // On Linux this is the calling thread's alone.
    setPriority(0, 19)
  } catch {
    // Elsewhere, or in a sandbox that forbids it, the thread has the priority of all others.
  }
}
