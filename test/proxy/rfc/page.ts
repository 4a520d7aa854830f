/**
 * Reads the pages of this folder: a `## 9112 §2.2 #1 …` heading is a MUST, a `### …` heading under it a case, and the
 * fenced blocks below are the steps of that case in the order in which they happen. The notation is in README.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Line {
  text: string;
  line: number;
}

export interface Step {
  actor: 'client' | 'server';
  does: 'sends' | 'sees';
  flags: string[];
  lines: Line[];
  line: number;
}

export interface Case {
  file: string;
  line: number;
  must: string;
  title: string;
  listener: string;
  /** The page says that HAProxy 3.5 does otherwise. */
  haproxyDiffers: boolean;
  steps: Step[];
}

/** One bullet under a case: its text takes the place of every `{it}` in the steps. */
interface Variant {
  title: string;
  text: string;
  haproxyDiffers: boolean;
  line: number;
}

export interface Page {
  file: string;
  name: string;
  musts: { name: string; line: number }[];
  cases: Case[];
}

const stepNames = new Set(['client', 'client-sees', 'server', 'server-sees']);

function readStep({ info, line, lines }: { info: string; line: number; lines: Line[] }): Step {
  const [name = '', ...flags] = info.split(/\s+/);
  const actor = name.startsWith('client') ? 'client' : 'server';
  return { actor, does: name.endsWith('-sees') ? 'sees' : 'sends', flags, lines, line };
}

const bullet = /^- (.*?): (`+)(.*?)\2( \(HAProxy 3\.5 differs: .*\))?$/;

function expand(template: Case, variants: Variant[]): Case[] {
  if (variants.length === 0) return [template];
  return variants.map((variant) => ({
    ...template,
    line: variant.line,
    title: `${template.title}: ${variant.title}`,
    haproxyDiffers: variant.haproxyDiffers,
    steps: template.steps.map((step) => ({
      ...step,
      lines: step.lines.map(({ text, line }) => ({
        text: text.replaceAll('{it}', () => variant.text),
        line,
      })),
    })),
  }));
}

/** Parses one page; a block of an unknown name is no step (a page may show a configuration). */
export function parsePage(file: string, text: string): Page {
  const page: Page = { file, name: file.replace(/^.*\//, '').replace(/\.md$/, ''), musts: [], cases: [] };
  let current: Case | undefined;
  let variants: Variant[] = [];
  let fence: { info: string; line: number; lines: Line[] } | undefined;
  const finish = (): void => {
    if (current !== undefined) page.cases.push(...expand(current, variants));
    current = undefined;
    variants = [];
  };
  for (const [index, textLine] of text.split('\n').entries()) {
    const line = index + 1;
    if (fence !== undefined) {
      if (textLine.startsWith('```')) {
        if (stepNames.has(fence.info.split(/\s+/)[0]!)) current?.steps.push(readStep(fence));
        fence = undefined;
      } else fence.lines.push({ text: textLine, line });
    } else if (textLine.startsWith('```')) {
      fence = { info: textLine.slice(3).trim(), line, lines: [] };
    } else if (textLine.startsWith('## ')) {
      finish();
      page.musts.push({ name: textLine.slice(3).trim(), line });
    } else if (textLine.startsWith('### ')) {
      finish();
      current = readCase(page, textLine.slice(4).trim(), line);
    } else if (current !== undefined) readRemark(current, variants, textLine, line);
  }
  finish();
  return page;
}

function readCase(page: Page, title: string, line: number): Case {
  const must = page.musts.at(-1);
  if (must === undefined) throw new Error(`${page.file}:${line}: a case before the first MUST`);
  return {
    file: page.file,
    line,
    must: must.name,
    title,
    listener: 'plain',
    haproxyDiffers: false,
    steps: [],
  };
}

function readRemark(into: Case, variants: Variant[], text: string, line: number): void {
  const match = bullet.exec(text);
  if (match !== null) {
    variants.push({ title: match[1]!, text: match[3]!, haproxyDiffers: match[4] !== undefined, line });
  } else if (text.startsWith('Listener:')) into.listener = /`([^`]+)`/.exec(text)?.[1] ?? 'plain';
  else if (text.startsWith('HAProxy 3.5 differs')) into.haproxyDiffers = true;
}

export function readPages(folder: string): Page[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort()
    .map((name) => parsePage(join(folder, name), readFileSync(join(folder, name), 'utf8')))
    .filter((page) => page.musts.length > 0);
}

const simpleEscapes: Record<string, string> = { r: '\r', n: '\n', t: '\t', s: ' ', '0': '\0', '\\': '\\' };

/** `\r \n \t \0 \s \\ \xHH` and `\{20000*ab}`, which is `ab` 20000 times; all other characters are themselves (latin1). */
export function unescapeBytes(text: string): string {
  return text.replace(
    /\\(x[0-9a-fA-F]{2}|\{(\d+)\*([^}]*)\}|.)/g,
    (whole, code: string, count?: string, what?: string) => {
      if (count !== undefined && what !== undefined) return unescapeBytes(what).repeat(Number(count));
      if (code.startsWith('x') && code.length === 3)
        return String.fromCharCode(Number.parseInt(code.slice(1), 16));
      const simple = simpleEscapes[code];
      if (simple === undefined) throw new Error(`unknown escape ${whole}`);
      return simple;
    },
  );
}
