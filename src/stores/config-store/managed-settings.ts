import type { Configuration } from '../config/configuration.ts'
import type { KeyKeeper } from '../config/key-keeper.ts'
import { rotate } from '../config/key-memory.ts'
import type { KeyMemory } from '../config/key-memory.ts'
import { parse, type Loaded, type LoadOptions } from '../config/load.ts'
import type { Notice } from '../config/notice.ts'
import { build, ofFileAlone, type Built, type BuildOptions, type Ingredients } from './build.ts'
import { configuredKey, openSecretBox } from './encryption-key.ts'
import { SettingsRefused } from './port.ts'
import type { Change, Changed, ConfigStore, SettingsStore } from './port.ts'
import { after, keyOf, rowsOf } from './rows.ts'
import { Running } from './running.ts'
import { SealedStore } from './sealed-store.ts'
import { buildWhatFits, type Aside } from './set-aside.ts'

export interface ManagedOptions extends Pick<LoadOptions, 'registry' | 'environment' | 'appDir'> {
  readonly store: Pick<ConfigStore, 'objects' | 'write' | 'salt'>
  readonly keys: Pick<KeyKeeper, 'open' | 'keep'>
  /** Why these settings may not run, whoever made them; undefined: they may. */
  readonly mayRun: (configuration: Configuration) => string | undefined
  /** Others run from now on, because of the API or because a time has come; `notices`: what is new to say of them. */
  readonly onChange: (configuration: Configuration, notices: readonly Notice[]) => void
  readonly report: (message: string, error?: unknown) => void
  /** Milliseconds since 1970. Absent: the clock. */
  readonly now?: () => number
}

/** Node fires longer ones at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/**
 * The settings of file and API together, over the life of a gateway. Whatever changes them passes the same checks, one
 * change after the other, and counts whole or not at all.
 */
export class ManagedSettings implements SettingsStore {
  readonly #options: ManagedOptions
  readonly #store: SealedStore
  #built: Built
  #aside: Aside
  #running: Running
  #last: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  /** Puts what the API made over what was loaded from the file. Rejects with what `mayRun` says. */
  static async open(loaded: Loaded, options: ManagedOptions): Promise<Opened> {
    const read = await ofFile(loaded.text, loaded.file)
    const store = await openSealed(options, read.value)
    const ingredients = { ...read, stored: store.objects }
    const { built, aside } =
      store.objects.length === 0
        ? { built: ofFileAlone(ingredients, loaded), aside: new Map<string, string>() }
        : await buildWhatFits(ingredients, contextOf(options, loaded.configuration.version))
    refuseIfMayNotRun(built, options)
    const settings = new ManagedSettings(built, aside, options, store)
    await settings.#keep(built, aside)
    const notices = [...built.notices, ...waitingNotices(aside), ...settings.#forgetOverruled()]
    return { settings, loaded: { ...loaded, ...built, notices } }
  }

  private constructor(built: Built, aside: Aside, options: ManagedOptions, store: SealedStore) {
    this.#options = options
    this.#store = store
    this.#built = built
    this.#aside = aside
    this.#running = new Running(built, [], options.environment)
  }

  get running(): Running {
    return this.#running
  }

  change(edit: (running: Running) => Change): Promise<Changed> {
    return this.#next(async () => {
      const { keys, now = Date.now } = this.#options
      const store = this.#store
      const change = edit(this.#running)
      if (this.#running.fixed !== undefined) throw new SettingsRefused([], `${this.#running.fixed}.`)
      if (change.put?.some(({ kind }) => kind === 'provider_keys') === true) await store.prepare()
      const memory = await keys.open()
      const rows = rowsOf(change, this.#built.ingredients.value, store.objects, memory.hash, now())
      const touched = new Set([...rows.put, ...rows.forget].map(keyOf))
      const aside = new Map([...this.#aside].filter(([key]) => !touched.has(key)))
      const stored = after(rows, store.objects).filter((row) => !aside.has(keyOf(row)))
      const ingredients = { ...this.#built.ingredients, stored }
      const built = await this.#build(ingredients, memoryAfter(change, memory, now()))
      refuseIfMayNotRun(built, this.#options)
      await this.#run(built, aside, () => store.write(rows))
      return { running: this.#running, issued: built.issued }
    })
  }

  /** Takes the text of a file. Rejects where it cannot be used, alone or together with what the API made. */
  reload(text: string, file: string): Promise<Loaded> {
    return this.#next(async () => {
      const read = await ofFile(text, file)
      // Alone first: a mistake has a line then.
      const alone = await this.#build({ ...read, stored: [] })
      const { built, aside } = await this.#together({ ...read, stored: this.#store.objects }, alone)
      refuseIfMayNotRun(built, this.#options)
      await this.#keep(built, aside)
      const notices = [...built.notices, ...waitingNotices(aside), ...this.#forgetOverruled()]
      return { ...built, text, file, notices }
    })
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }

  #build(ingredients: Ingredients, memory?: KeyMemory): Promise<Built> {
    const context = contextOf(this.#options, this.#running.configuration.version + 1)
    return build(ingredients, memory === undefined ? context : { ...context, memory })
  }

  /** What waited may fit now; it keeps no other change of the file out. */
  async #together(ingredients: Ingredients, alone: Built): Promise<{ built: Built; aside: Aside }> {
    if (ingredients.stored.length === 0) return { built: alone, aside: new Map() }
    try {
      return { built: await this.#build(ingredients), aside: new Map() }
    } catch (error) {
      if (!(error instanceof SettingsRefused) || this.#aside.size === 0) throw error
      const stored = ingredients.stored.filter((row) => !this.#aside.has(keyOf(row)))
      return { built: await this.#build({ ...ingredients, stored }), aside: this.#aside }
    }
  }

  async #run(built: Built, aside: Aside, write: () => void): Promise<void> {
    const said = new Set(this.#built.notices.map(({ message }) => message))
    await this.#keep(built, aside, write)
    const news = built.notices.filter(({ message }) => !said.has(message))
    this.#options.onChange(built.configuration, news)
  }

  /** Durable first, and then in force. The hash of a value is nobody's before the object that it opens is there. */
  async #keep(built: Built, aside: Aside, write = () => {}): Promise<void> {
    const { keys, environment } = this.#options
    await keys.keep(await this.#withWaiting(built.memory, aside))
    write()
    const waiting = this.#store.objects.flatMap((row) => {
      const problem = aside.get(keyOf(row))
      return problem === undefined ? [] : [{ row, problem }]
    })
    this.#built = built
    this.#aside = aside
    this.#running = new Running(built, waiting, environment)
    this.#schedule(built.nextMs)
  }

  /** A virtual key that waits is not forgotten: nobody could make its value again. */
  async #withWaiting(memory: KeyMemory, aside: Aside): Promise<KeyMemory> {
    if (aside.size === 0) return memory
    const before = await this.#options.keys.open()
    const waiting = [...before.keys].filter(([id]) => aside.has(keyOf({ kind: 'virtual_keys', id })))
    return waiting.length === 0 ? memory : { ...before, keys: new Map([...memory.keys, ...waiting]) }
  }

  #schedule(nextMs: number | undefined): void {
    clearTimeout(this.#timer)
    if (nextMs === undefined) return
    const { now = Date.now, report } = this.#options
    const waitMs = Math.min(Math.max(nextMs - now(), 0), TIMER_MAX_MS)
    this.#timer = setTimeout(() => {
      this.#refresh().catch((error) => report('The settings could not follow a budget override', error))
    }, waitMs)
    this.#timer.unref()
  }

  /** The same settings, as they are now. */
  #refresh(): Promise<void> {
    return this.#next(async () => {
      const built = await this.#build(this.#built.ingredients)
      await this.#run(built, this.#aside, () => {})
    })
  }

  #forgetOverruled(): Notice[] {
    const { overruled } = this.#built.reconciled
    this.#store.write({ forget: overruled })
    return overruled.map((row) => ({
      kind: 'file',
      message: `${keyOf(row)}: the file was changed after the admin API had changed it, so the file counts.`,
    }))
  }
}

export interface Opened {
  readonly settings: ManagedSettings
  /** What was loaded, with what the API made. */
  readonly loaded: Loaded
}

/** The key of the start counts for the life of the gateway: with another one, what is sealed could not be opened. */
function openSealed({ store, appDir, environment }: ManagedOptions, file: unknown): Promise<SealedStore> {
  return SealedStore.open(store, (isNew) =>
    openSecretBox({ configured: configuredKey(file, environment), appDir, salt: () => store.salt(), isNew }),
  )
}

async function ofFile(text: string | undefined, file: string): Promise<Omit<Ingredients, 'stored'>> {
  if (text === undefined) return { text, file, value: undefined }
  const document = await parse(text, file)
  // What is wrong with it is told by whoever checks it.
  return { text, file, value: Array.isArray(document) ? undefined : document.value }
}

function contextOf(options: ManagedOptions, version: number): BuildOptions {
  const { registry, environment, appDir, keys, now = Date.now } = options
  return { registry, environment, appDir, version, nowMs: now(), openMemory: keys.open }
}

function memoryAfter({ value }: Change, memory: KeyMemory, nowMs: number): KeyMemory {
  return value === undefined ? memory : rotate(memory, { ...value, nowMs })
}

function refuseIfMayNotRun({ configuration }: Built, { mayRun }: ManagedOptions): void {
  const reason = mayRun(configuration)
  if (reason !== undefined) throw new SettingsRefused([], reason)
}

function waitingNotices(aside: Aside): Notice[] {
  return [...aside].map(([key, problem]) => ({
    kind: 'file',
    message: `${key} of the admin API does not fit with the file and does not count: ${problem}.`,
  }))
}
