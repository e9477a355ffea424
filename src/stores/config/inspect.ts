import { lint } from './lint.ts'
import { compileDocument, parse, readConfigFile, type LoadOptions } from './load.ts'
import type { Document } from './document.ts'
import type { Notice } from './notice.ts'
import { ConfigurationError, formatPath, parsePlace, type Path } from './problem.ts'

/** error: the file is refused; warning: it counts, and cannot be meant so; note: good to know. */
export type Severity = 'error' | 'warning' | 'note'

/** One thing that there is to say of a file. */
export interface Remark {
  readonly severity: Severity
  /** The setting: `governance.routing_rules[2]`. Undefined: the file as a whole. */
  readonly place: string | undefined
  /** Counted from 1. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** What is wrong. */
  readonly message: string
  /** What would be right; undefined where the message says so. */
  readonly expected: string | undefined
}

/** All that is to say of a file, in its order. Throws {@link ConfigurationError} for a file that cannot be read at all. */
export async function inspectFile(file: string, options: LoadOptions & { nowMs: number }): Promise<Remark[]> {
  const text = await readConfigFile(file)
  if (text === undefined) throw new ConfigurationError(file, [], `${file}: there is no such file`)
  try {
    const document = await parse(text, file)
    const { compiled, survey, settings } = await compileDocument(document, text, file, options)
    const { configuration, notices } = compiled
    const findings = await lint({ configuration, settings, nowMs: options.nowMs })
    const remarks = [
      ...survey.unknown.map(({ place, meant }) =>
        remark('warning', place, 'a name that is no setting', meant ?? 'one of docs/settings.md'),
      ),
      ...survey.unenforced.map((place) =>
        remark('warning', place, 'a limit that nothing enforces', undefined),
      ),
      ...findings.map(({ place, found, expected }) => remark('warning', place, found, expected)),
      ...survey.unserved
        .filter((place) => !survey.unenforced.includes(place))
        .map((place) => remark('note', place, 'a setting that this version does not serve', undefined)),
      ...notices.map(({ kind, message }) => remark(severityOf(kind), undefined, message, undefined)),
    ]
    return remarks.map((each) => locate(each, document as Document, survey.paths)).toSorted(inOrder)
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.problems.length === 0) throw error
    const remarks = error.problems.map(({ path, line, column, found, expected }): Remark => {
      const place = path.length === 0 ? undefined : formatPath(path)
      return { severity: 'error', place, line, column, message: found, expected }
    })
    return remarks.toSorted(inOrder)
  }
}

/** What depends on the machine that checks, such as a missing variable, is no fault of the file. */
function severityOf(kind: Notice['kind']): Severity {
  return kind === 'governance' ? 'warning' : 'note'
}

function remark(
  severity: Severity,
  place: string | undefined,
  message: string,
  expected: string | undefined,
): Remark {
  return { severity, place, line: undefined, column: undefined, message, expected }
}

function locate(written: Remark, document: Document, paths: ReadonlyMap<string, Path>): Remark {
  const { place } = written
  if (place === undefined) return written
  const path = paths.get(place) ?? parsePlace(place)
  const { line, column } = document.locate({ path, found: '', expected: '' })
  return { ...written, line, column }
}

function inOrder(a: Remark, b: Remark): number {
  return (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0
}
