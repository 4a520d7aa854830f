/** The addon as it is shipped, stripped: with its debug file beside it the post-mortem says file and line, without it the culprit.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { splitDebug } from '../../scripts/debug-file.mjs';
import { testWith } from '../tool/peer.ts';
import { coreOf, faultsAddon, POSTMORTEM_MAX_MS, postmortem, root, wantedForCores } from './scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-stripped-'));
const program = join(folder, 'bin/sluice');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isReportName(name: string): boolean {
  return name.startsWith('sluice-crash.');
}

/** A package of its own, whose addon is stripped. */
function packageOf(): string {
  for (const name of ['bin', 'dist', 'native/gdb', 'package.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const addon = join(folder, 'build/faults/sluice.node');
  mkdirSync(join(folder, 'build/faults'), { recursive: true });
  cpSync(faultsAddon, addon);
  splitDebug(addon);
  expect(statSync(addon).size).toBeLessThan(statSync(faultsAddon).size / 2);
  return addon;
}

testWith(
  wantedForCores('gdb', 'objcopy', 'strip'),
  'a stripped addon: file and line with its debug file, from core and from report; the culprit without',
  async () => {
    const addon = packageOf();
    const core = await coreOf('null-write', { program });
    const report = join(dirname(core), readdirSync(dirname(core)).find(isReportName) ?? 'no report');

    const { code, err, lines } = await postmortem([core], { program });
    const [verdict, ...page] = lines;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(verdict).toContain(
      'SIGSEGV in slz_encode through a null pointer of stream 0: "GET /fault/null-write HTTP/1.1"',
    );
    const frame = page.find((line) => line.includes(' stage_encode at '));
    expect(frame).toMatch(/native\/engine\/body_stage\.c:\d+$/);

    renameSync(`${addon}.debug`, `${addon}.elsewhere`);
    const again = await postmortem([core], { program });
    const without = again.lines.slice(1).join('\n');
    expect(again.lines[0]).toBe(verdict);
    // Functions that were inlined are gone, the others keep their names.
    expect(without).toMatch(/^ {2}#\d+ +(stage|body)_[a-z]+$/m);
    expect(without).not.toContain('body_stage.c');
    expect(without).toMatch(/^ {2}#\d+ +_start/m);

    // The report alone: the same names, and numbers when its build is gone.
    const bare = await postmortem([report], { program });
    expect(bare).toMatchObject({ code: 0, err: '' });
    expect(bare.out).toMatch(/^ {2}#\d+ +(stage|body)_[a-z]+$/m);
    expect(bare.out).not.toContain('.c:');
    renameSync(`${addon}.elsewhere`, `${addon}.debug`);
    const named = await postmortem([report], { program });
    expect(named).toMatchObject({ code: 0, err: '' });
    expect(named.out).toMatch(/^ {2}#0 +\S+ at \S*native\/(crash\/fault|engine\/body_stage)\.c:\d+$/m);
    expect(named.out).toMatch(/^ {2}#\d+ +stage_encode at \S*native\/engine\/body_stage\.c:\d+$/m);
    expect(named.out).not.toContain('sluice.node+0x');
    cpSync(join(root, 'build/Release/sluice.node'), addon);
    const foreign = await postmortem([report], { program });
    expect(foreign.code).toBe(1);
    expect(foreign.out).toMatch(/functions have no names: the report is of .*, and another build is here \(/);
    expect(foreign.out).toMatch(/^ {2}#0 +0x[0-9a-f]+ \S*sluice\.node\+0x/m);
  },
  6 * POSTMORTEM_MAX_MS,
);
