/** `show stat` in its forms: CSV, typed lines, JSON. One object at a time, so that a long listing costs little memory. */
import { fieldHelp } from './field-help.ts';
import { CORE_FIELDS, EXTRA_FIELDS, type Field } from './fields.ts';
import { type ObjectFilter, type StatsObject, statsObjects } from './objects.ts';
import type { StatsSource } from './source.ts';
import { ALL_FIELDS, type StatsValue, valueOf } from './values.ts';

export const CSV_HEADER = `# ${[
  ...CORE_FIELDS.map((field) => field.name),
  '-',
  ...EXTRA_FIELDS.map((field) => field.name),
  '',
].join(',')}\n`;

/** RFC 4180: quotes where a comma, a quote or a line end stands. */
function csvCell(value: StatsValue): string {
  if (value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvLine(source: StatsSource, object: StatsObject): string {
  let line = '';
  for (const field of CORE_FIELDS) line += `${csvCell(valueOf(source, object, field))},`;
  line += '-,';
  for (const field of EXTRA_FIELDS) line += `${csvCell(valueOf(source, object, field))},`;
  return `${line}\n`;
}

function typedLines(source: StatsSource, object: StatsObject, isDescribed: boolean): string {
  let text = '';
  for (const [position, field] of ALL_FIELDS.entries()) {
    const value = valueOf(source, object, field);
    if (value === undefined || value === '') continue;
    const tags = tagsOf(field, object);
    const help = isDescribed ? `:"${fieldHelp(field.name)}"` : '';
    text += `${object.kind}.${object.proxy.id}.${object.id}.${position}.${field.name}.1:${tags}:${field.type}:${value}${help}\n`;
  }
  return text;
}

/** A backend's `act` and `bck` are counts, a server's say what it is; the highest rate of a backend is a gauge. */
function tagsOf(field: Field, object: StatsObject): string {
  if (object.kind !== 'B') return field.tags;
  if (field.name === 'act' || field.name === 'bck' || field.name === 'rate_max') return 'MGPV';
  return field.tags;
}

const ORIGINS: Readonly<Record<string, string>> = {
  M: 'Metric',
  S: 'Status',
  K: 'Key',
  C: 'Config',
  P: 'Product',
};
const NATURES: Readonly<Record<string, string>> = {
  A: 'Age',
  a: 'Avg',
  C: 'Counter',
  D: 'Duration',
  G: 'Gauge',
  L: 'Limit',
  M: 'Max',
  m: 'Min',
  N: 'Name',
  O: 'Output',
  R: 'Rate',
  T: 'Time',
};
const SCOPES: Readonly<Record<string, string>> = { C: 'Cluster', P: 'Process', S: 'Service', Y: 'System' };

export function jsonTags(tags: string): { origin: string; nature: string; scope: string } {
  return {
    origin: ORIGINS[tags[0] as string] ?? '',
    nature: NATURES[tags[1] as string] ?? '',
    scope: SCOPES[tags[2] as string] ?? '',
  };
}

const OBJECT_NAMES = { F: 'Frontend', L: 'Listener', S: 'Server', B: 'Backend' } as const;

function jsonFields(source: StatsSource, object: StatsObject): unknown[] {
  const fields: unknown[] = [];
  for (const [position, field] of ALL_FIELDS.entries()) {
    const value = valueOf(source, object, field);
    if (value === undefined || value === '') continue;
    fields.push({
      objType: OBJECT_NAMES[object.kind],
      proxyId: object.proxy.id,
      id: object.id,
      field: { pos: position, name: field.name },
      processNum: 1,
      tags: jsonTags(tagsOf(field, object)),
      value: { type: field.type, value },
    });
  }
  return fields;
}

export type StatForm = 'csv' | 'typed' | 'json';

/** The listing in pieces. */
export function* statText(
  source: StatsSource,
  filter: ObjectFilter,
  form: StatForm,
  isDescribed = false,
): Generator<string> {
  if (form === 'csv') yield CSV_HEADER;
  if (form === 'json') yield '[';
  let isFirst = true;
  for (const object of statsObjects(source, filter)) {
    if (form === 'csv') yield csvLine(source, object);
    else if (form === 'typed') yield typedLines(source, object, isDescribed);
    else yield `${isFirst ? '' : ','}${JSON.stringify(jsonFields(source, object))}`;
    isFirst = false;
  }
  if (form === 'json') yield ']\n';
}
