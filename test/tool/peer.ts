/**
 * Programs beside ours that some tests ask the same questions: haproxy, nginx, curl, chromium and so on. One that is not
 * installed makes a skipped test whose name says what it needs.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'vitest';

/** Where <name> is: from SLUICE_PEER_<NAME>, else on PATH or in the system's folders. */
export function peer(name: string): string | undefined {
  const given = process.env[`SLUICE_PEER_${name.toUpperCase().replaceAll('-', '_')}`];
  if (given) return given;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A test that needs <names>; its body gets their paths, in that order. */
export function testWith(
  names: readonly string[],
  title: string,
  body: (paths: string[], context: TestContext) => Promise<void> | void,
  boundMs?: number,
): void {
  const absent = names.filter((name) => peer(name) === undefined);
  if (absent.length > 0)
    test.skip(`${title} (needs ${absent.join(', ')})`); // the title names what is missing
  else
    test(
      title,
      (context) =>
        body(
          names.map((name) => peer(name) as string),
          context,
        ),
      boundMs,
    );
}
