/** Patterns changed at run time: what conditions match afterwards, versions, and what wrong commands say. */
import { describe, expect, it } from 'vitest';
import { type CliBench, cliBench, newSession } from '../../test/tool/cli-bench.ts';
import type { SettledAnswer } from './answer.ts';

const TEXT = `defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend fe
  bind 127.0.0.1:1
  acl api path_beg -i /api
  acl few path_len lt 5
  acl office src 10.0.0.0/8 -u 77
  use_backend be if api
  default_backend be
backend be
`;

/** <commands>, one connection each. */
async function ask(bench: CliBench, ...commands: string[]): Promise<string> {
  let sent = '';
  for (const text of commands) {
    const flow = newSession(bench.control, 'admin').take(`${text}\n`);
    for (let given: SettledAnswer | undefined; ; ) {
      const next = flow.next(given);
      if (next.done === true) break;
      given = undefined;
      if (typeof next.value === 'string') sent += next.value;
      else given = await next.value;
    }
  }
  return sent;
}

describe('show acl', () => {
  it('lists what there is, by number or file, and where it stands', async () => {
    expect(await ask(cliBench(TEXT), 'show acl')).toBe(
      '# id (file) description\n' +
        "0 () acl 'path_beg' file 't.cfg' line 8. curr_ver=0 next_ver=0 entry_cnt=1\n" +
        "1 () acl 'path_len' file 't.cfg' line 9. curr_ver=0 next_ver=0 entry_cnt=2\n" +
        "2 () acl 'src' file 't.cfg' line 10. curr_ver=0 next_ver=0 entry_cnt=3\n\n",
    );
    expect(await ask(cliBench(TEXT), 'show acl #0')).toBe('0x1 /api\n\n');
    expect(await ask(cliBench(TEXT), 'show map')).toBe('# id (file) description\n\n');
  });
});

describe('changes', () => {
  it('reach whoever matches', async () => {
    const bench = cliBench(TEXT);
    expect(await ask(bench, 'get acl #0 /API/x', 'get acl #0 /x')).toBe(
      'type=beg, case=insensitive, match=yes, idx=list, pattern="/api"\n\n' +
        'type=beg, case=insensitive, match=no\n\n',
    );
    expect(await ask(bench, 'add acl #0 /x', 'get acl #0 /xy', 'show acl #0')).toBe(
      '\ntype=beg, case=insensitive, match=yes, idx=list, pattern="/x"\n\n0x1 /api\n0x2 /x\n\n',
    );
    expect(await ask(bench, 'del acl #0 /api', 'del acl #0 /api', 'del acl #0 #0x2', 'show acl #0')).toBe(
      '\nKey not found.\n\n\n\n',
    );
    expect(await ask(bench, 'add acl #0 a', 'clear acl #0', 'show acl #0')).toBe('\n\n\n');
  });

  it('are refused when no matcher could use them', async () => {
    expect(await ask(cliBench(TEXT), 'add acl #2 nonsense')).toMatch(/^'nonsense' is not a valid IPv4/);
  });

  it('may be prepared, and take effect together', async () => {
    const bench = cliBench(TEXT);
    expect(await ask(bench, 'prepare acl #0', 'add acl @1 #0 /n', 'add acl @1 #0 /m', 'show acl @1 #0')).toBe(
      'New version created: 1\n\n\n\n0x1 /n\n0x2 /m\n\n',
    );
    expect(await ask(bench, 'show acl #0', 'commit acl @1 #0', 'show acl #0', 'commit acl @1 #0')).toBe(
      '0x1 /api\n\n\n0x2 /n\n0x3 /m\n\nVersion number out of range.\n\n',
    );
    expect(await ask(bench, 'add acl @9 #0 x')).toMatch(/^Version number in the future/);
  });
});

it.each([
  ['show acl nope', 'Unknown ACL identifier. Please use #<id> or <file>.\n\n'],
  ['show acl #9', 'Unknown ACL identifier. Please use #<id> or <file>.\n\n'],
  ['show map #0', 'Unknown map identifier. Please use #<id> or <file>.\n\n'],
  ['add acl #0', "'add acl' expects two parameters: ACL identifier and pattern.\n\n"],
  ['del acl #0', 'This command expects two parameters: ACL identifier and key.\n\n'],
  ['del acl #0 #0xzz', 'Malformed identifier. Please use #<id> or <file>.\n\n'],
  ['clear acl', 'Missing ACL identifier.\n\n'],
  ['clear map', 'Missing map identifier.\n\n'],
  ['get acl #0', 'Missing ACL identifier and/or key.\n\n'],
  ['commit acl', 'Missing version number.\n\n'],
  ['commit acl @7 #0', 'Version number out of range.\n\n'],
  ['set map a b', "'set map' expects three parameters: map identifier, key and value.\n\n"],
  ['set map a b c', 'Unknown map identifier. Please use #<id> or <file>.\n\n'],
])('%s answers %j', async (text, answer) => {
  expect(await ask(cliBench(TEXT), text)).toBe(answer);
});
