import type { Segment } from './transcription.ts'

/** Segments as SubRip or WebVTT text. */
export function subtitles(format: 'srt' | 'vtt', segments: readonly Segment[]): string {
  const mark = format === 'srt' ? ',' : '.'
  const cues = segments.map(({ startSeconds, endSeconds, text }, at) => {
    const times = `${clock(startSeconds, mark)} --> ${clock(endSeconds, mark)}`
    return `${format === 'srt' ? `${at + 1}\n` : ''}${times}\n${text.trim()}\n`
  })
  return `${format === 'vtt' ? 'WEBVTT\n\n' : ''}${cues.join('\n')}\n`
}

/** `01:02:03,456` */
function clock(seconds: number, mark: string): string {
  const total = Math.round(seconds * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const milliseconds = String(total % 1000).padStart(3, '0')
  return `${two(total / 3_600_000)}:${two((total / 60_000) % 60)}:${two((total / 1000) % 60)}${mark}${milliseconds}`
}
