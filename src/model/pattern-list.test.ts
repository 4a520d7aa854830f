/** The lists of a configuration: numbers and names are theirs alone. */
import { describe, expect, it } from 'vitest';
import { PatternLists } from './pattern-list.ts';

describe('PatternLists', () => {
  it('numbers lists in the order of the file, round those that were asked for by -u', () => {
    const lists = new PatternLists();
    const ids = [undefined, 2, undefined, 2, undefined, 0].map((id) => lists.add('', '', [], id).id);
    expect(ids).toEqual([0, 2, 3, 4, 5, 1]);
    expect(lists.all.map(({ id }) => lists.withId(id))).toEqual(lists.all);
    expect(lists.withId(99)).toBeUndefined();
  });

  it('finds a file, and none by the empty name of patterns in the acl', () => {
    const lists = new PatternLists();
    lists.add('', 'here', ['a']);
    const list = lists.add('/etc/paths', 'there', ['/b']);
    expect(lists.withFile('/etc/paths')).toBe(list);
    expect(lists.withFile('')).toBeUndefined();
  });

  it('takes 50,000 without searching them', () => {
    const lists = new PatternLists();
    const start = performance.now();
    for (let i = 0; i < 50_000; i++) lists.add('', '', ['x']);
    // Looking at all of them each time took over a minute; this takes 20 ms.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
