/** Names for the frames of a report, which has them as `<file>+0x<offset>`: of the addon alone, and only when a file of the very build is
 * at hand. Another build's names would be wrong ones, so numbers stay what they are then.
 */
import { addonPaths } from '../native/load.ts';
import { buildIdOf } from './build-id.ts';
import { placesOf } from './debugger.ts';

const FRAME = /^(#\d+ +)0x[0-9a-f]+ (\S.*\.node)\+0x([0-9a-f]{1,12})$/;
const ID_SHOWN = 12;

export interface Module {
  readonly path: string;
  readonly buildId: string;
}

export interface NamedStack {
  readonly lines: readonly string[];
  /** Why names are missing, as a sentence. */
  readonly fault: string;
}

/** Of the lines of a report's part `modules`. */
export function modulesOf(lines: readonly string[]): Module[] {
  return lines.flatMap((line) => {
    const [, path, buildId] = /^0x[0-9a-f]+ (\S.*) ([0-9a-f]{8,128})$/.exec(line) ?? [];
    return path === undefined || buildId === undefined ? [] : [{ path, buildId }];
  });
}

/** A file of <module>'s build: where it was, or this program's own. */
function fileOf(module: Module, own: readonly string[]): string | undefined {
  return [module.path, ...own].find((path) => path.startsWith('/') && buildIdOf(path) === module.buildId);
}

function absence({ path, buildId }: Module, own: readonly string[]): string {
  const [here = ''] = [path, ...own].map(buildIdOf).filter((id) => id !== '');
  const found = here === '' ? 'it is not here' : `another build is here (${here.slice(0, ID_SHOWN)})`;
  return `functions have no names: the report is of ${path}, build ${buildId.slice(0, ID_SHOWN)}, and ${found}`;
}

/** <stack> with functions, and files and lines where the debug file is at hand. */
export function namedStack(
  stack: readonly string[],
  modules: readonly Module[],
  own: readonly string[] = addonPaths(),
): NamedStack {
  const frames = stack.map((line) => FRAME.exec(line));
  const path = frames.find((frame) => frame !== null)?.[2];
  const module = modules.find((one) => one.path === path);
  if (path === undefined || module === undefined) return { lines: stack, fault: '' };
  const file = fileOf(module, own);
  if (file === undefined) return { lines: stack, fault: absence(module, own) };
  // Behind the first one they are return addresses: the call is what lies before.
  const offsets = frames.map((frame, i) =>
    frame?.[2] === path ? Number.parseInt(frame[3] as string, 16) - (i === 0 ? 0 : 1) : -1,
  );
  const places = placesOf(
    file,
    offsets.filter((offset) => offset >= 0),
  );
  if (typeof places === 'string') return { lines: stack, fault: places };
  const lines = stack.map((line, i) => {
    const place = places.get(offsets[i] as number);
    return place === undefined ? line : `${frames[i]?.[1]}${place}`;
  });
  return { lines, fault: '' };
}
