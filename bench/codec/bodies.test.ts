/** The manifests keep their promises: enough bodies, of the sizes the web sends, and nothing is judged by its own kin. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { manifest, readManifest } from './bodies.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const training = manifest(root, 'training');
const evaluation = manifest(root, 'evaluation');

describe('the manifests', () => {
  test('have no package in both', () => {
    const trained = new Set(training.map(({ pack }) => pack));
    expect(evaluation.filter(({ pack }) => trained.has(pack))).toEqual([]);
  });

  test('judge by at least 23 bodies of 31 KB to 9 MB, of every class', () => {
    expect(evaluation.length).toBeGreaterThanOrEqual(23);
    for (const { length } of evaluation) {
      expect(length).toBeGreaterThan(31 * 1024);
      expect(length).toBeLessThan(9.2e6);
    }
    const kinds = new Set(evaluation.map(({ kind }) => kind));
    for (const kind of ['html', 'js', 'css', 'json', 'xml', 'svg', 'text', 'log', 'utf8'])
      expect(kinds).toContain(kind);
  });

  test('name packages of npm and Debian with a digest', () => {
    for (const { source, sha256, version } of [...training, ...evaluation]) {
      expect(['npm', 'deb']).toContain(source);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(version).not.toBe('');
    }
  });

  test('are refused with a line cut short', () => {
    expect(() => readManifest('head\njs\tnpm\tjquery\t3.7.1\n')).toThrow('manifest line');
  });
});
