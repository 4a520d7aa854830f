/** Reads what a configuration names: error files, pattern files, users and groups. Runs on the main thread only, once per name;
 * data threads find the same bytes in the bundle they are handed.
 */
import { readFileSync } from 'node:fs';
import { type Seen, see } from './seen.ts';

const USERS = '/etc/passwd';
const GROUPS = '/etc/group';

/** Number of <name> in a file like /etc/passwd, where the third field is it. */
function idIn(file: string, name: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? '')) return Number(fields[2]);
  }
  return undefined;
}

export const diskLoader = {
  file(path: string): Buffer | undefined {
    try {
      return readFileSync(path);
    } catch {
      return undefined;
    }
  },
  userId: (name: string): number | undefined => idIn(USERS, name),
  groupId: (name: string): number | undefined => idIn(GROUPS, name),
};

/** The same; <seen> gets whatever was looked at. */
export function watchedLoader(seen: Seen[]): typeof diskLoader {
  const after = <Result>(path: string, read: () => Result): Result => {
    seen.push(see(path));
    return read();
  };
  return {
    file: (path) => after(path, () => diskLoader.file(path)),
    userId: (name) => after(USERS, () => diskLoader.userId(name)),
    groupId: (name) => after(GROUPS, () => diskLoader.groupId(name)),
  };
}
