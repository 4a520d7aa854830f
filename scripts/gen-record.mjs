// Turns native/crash/record.h, the flight recorder's one description, into src/native/record-layout.ts and
// native/gdb/record_layout.py. Run after changing it; src/native/record.test.ts holds that both are what this makes and
// that the C compiler lays the structs out the same way.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const SIZES = { uint8_t: 1, char: 1, uint16_t: 2, uint32_t: 4, int32_t: 4, uint64_t: 8, record_pointer: 8 };
const KINDS = {
  ...{ uint8_t: 'u8', char: 'text', uint16_t: 'u16', uint32_t: 'u32', int32_t: 'i32' },
  ...{ uint64_t: 'u64', record_pointer: 'pointer' },
};

/** {constants: [[name, value]], structs: {name: {length, fields: [[name, at, kind, count]]}}} */
export function readRecordHeader() {
  const text = readFileSync(join(root, 'native/crash/record.h'), 'utf8');
  const constants = [...text.matchAll(/^#define (RECORD_\w+) (0x[0-9a-f]+|\d+)u?(?:ll)?\b/gm)].map(
    ([, name, value]) => [name, value],
  );
  const number = new Map(constants.map(([name, value]) => [name, Number(value)]));
  const structs = {};
  for (const [, name, body] of text.matchAll(/^struct record_(\w+) \{\n(.*?)^\};/gms)) {
    const fields = [];
    let at = 0;
    let widest = 1;
    for (const [, type, field, many] of body.matchAll(/^ {4}((?:struct )?\w+) (\w+)(?:\[(\w+)\])?;/gm)) {
      const inner = type.startsWith('struct ') ? structs[type.slice('struct record_'.length)] : undefined;
      const align = inner ? 8 : SIZES[type];
      if (!align) throw new Error(`record.h: no size known for ${type}`);
      const count = many === undefined ? 1 : (number.get(many) ?? Number(many));
      if (at % align !== 0) throw new Error(`record.h: a hole before record_${name}.${field}`);
      fields.push([field, at, inner ? type.slice('struct record_'.length) : KINDS[type], count]);
      at += (inner ? inner.length : SIZES[type]) * count;
      widest = Math.max(widest, align);
    }
    if (at % widest !== 0) throw new Error(`record.h: a hole at the end of record_${name}`);
    structs[name] = { length: at, fields };
  }
  return { constants, structs };
}

/** @returns {string} */
export function layoutTypeScript() {
  const { constants, structs } = readRecordHeader();
  const out = [
    '/** Made by scripts/gen-record.mjs from native/crash/record.h: change that, not this. */',
    '',
  ];
  for (const [name, value] of constants) {
    out.push(
      `export const ${name} = ${name === 'RECORD_MAGIC' ? `${value}n` : Number(value) === 0xffffffff ? '0xffffffff' : value};`,
    );
  }
  for (const [name, { length, fields }] of Object.entries(structs)) {
    out.push('', `export const record_${name} = {`, `  length: ${length},`, '  fields: {');
    for (const [field, at, kind, count] of fields)
      out.push(`    ${field}: { at: ${at}, kind: '${kind}', count: ${count} },`);
    out.push('  },', '} as const;');
  }
  return `${out.join('\n')}\n`;
}

/** @returns {string} */
export function layoutPython() {
  const { constants, structs } = readRecordHeader();
  const out = ['# Made by scripts/gen-record.mjs from native/crash/record.h: change that, not this.', ''];
  for (const [name, value] of constants) out.push(`${name} = ${value}`);
  out.push('', '# struct: (length, {field: (offset, kind, count)})', 'STRUCTS = {');
  for (const [name, { length, fields }] of Object.entries(structs)) {
    out.push(`    "${name}": (${length}, {`);
    for (const [field, at, kind, count] of fields)
      out.push(`        "${field}": (${at}, "${kind}", ${count}),`);
    out.push('    }),');
  }
  out.push('}');
  return `${out.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, 'native/gdb'), { recursive: true });
  writeFileSync(join(root, 'src/native/record-layout.ts'), layoutTypeScript());
  writeFileSync(join(root, 'native/gdb/record_layout.py'), layoutPython());
}
