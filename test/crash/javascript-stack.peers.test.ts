/** Deaths in JavaScript, told from the core: native frames, V8's own, and JavaScript functions by name, down to where it began. */
import { expect } from 'vitest';
import { testWith } from '../tool/peer.ts';
import { coreOf, POSTMORTEM_MAX_MS, postmortem, wantedForCores } from './scene.ts';

const cases = [
  ['heap', /^JavaScript heap exhausted in policy /, '[js] injectedHeap'],
  ['loop', /^a thread is stuck in policy \(JavaScript\) of stream /, '[js] injectedLoop'],
] as const;

for (const [kind, verdict, frame] of cases) {
  testWith(
    wantedForCores('gdb'),
    `${kind}: the verdict, and the functions that were at work`,
    async () => {
      const core = await coreOf(kind, { env: { NODE_OPTIONS: '--max-old-space-size=64' } });
      const { code, err, lines } = await postmortem([core]);
      const stack = lines.filter((line) => /^ {2}#\d+ /.test(line)).join('\n');
      expect(lines[0]).toMatch(verdict);
      expect(lines[0]).toContain(`"GET /fault/${kind} HTTP/1.1"`);
      expect(stack).toContain(frame);
      expect(stack).toContain('uv__io_poll');
      expect(stack).toMatch(/#\d+ +_start$/);
      expect({ code, err }).toEqual({ code: 0, err: '' });
    },
    2 * POSTMORTEM_MAX_MS,
  );
}

testWith(
  wantedForCores(),
  'exception: no core, and the report has the functions',
  async () => {
    const report = await coreOf('exception', { mark: 'sluice-crash.' });
    const { code, err, lines } = await postmortem([report]);
    expect(lines[0]).toMatch(
      /^JavaScript exception in policy of stream 0: "GET \/fault\/exception HTTP\/1\.1"/,
    );
    expect(lines.join('\n')).toContain('  Error: injected fault\n      at injected ');
    expect({ code, err }).toEqual({ code: 0, err: '' });
  },
  2 * POSTMORTEM_MAX_MS,
);
