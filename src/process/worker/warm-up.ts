/** A spare warms up: it reads a configuration that it will not use, a few times, in all its threads. Code that has run is several times
 * faster, and the next configuration is most likely this one with a line changed. Owns nothing but its timer.
 */
import type { SourceFile } from '../../config/lines.ts';
import { parseConfiguration, type Sources } from '../../section/configuration.ts';
import type { DataThreads } from '../data-threads.ts';

/** Reloads that follow each other within this time have no use for it. */
const WARM_UP_AFTER_MS = 1500;
/** Between two readings: data threads, which are not waited for, must have finished theirs. */
const REST_MS = 150;
const READINGS = 8;
/** Of a file: a reload that comes meanwhile waits for one reading, of 30 ms. */
const SAMPLE_MAX_CHARS = 32_768;
const FILES_MAX = 4;

/** The beginning and the end, where sections of all kinds are. What is missing in between are errors, which nobody is told. */
function sampleOf({ name, text }: SourceFile): SourceFile {
  if (text.length <= SAMPLE_MAX_CHARS) return { name, text };
  const half = SAMPLE_MAX_CHARS / 2;
  const head = text.slice(0, text.lastIndexOf('\n', half) + 1);
  const end = text.slice(-half);
  const section = end.search(/^(?:defaults|frontend|backend|listen)\b/m);
  return { name, text: section < 0 ? head : head + end.slice(section) };
}

/** Begins after a while; ends with what is returned. */
export function warmUp(sources: Sources, dataThreads: DataThreads): () => void {
  const sample = { ...sources, files: sources.files.slice(0, FILES_MAX).map(sampleOf) };
  let readings = 0;
  let timer = setTimeout(read, WARM_UP_AFTER_MS);
  function read(): void {
    dataThreads.read(sample);
    parseConfiguration(sample);
    if (++readings < READINGS) timer = setTimeout(read, REST_MS);
  }
  return () => clearTimeout(timer);
}
