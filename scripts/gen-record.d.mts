/** What src/native/record.test.ts asks of gen-record.mjs. */
export interface RecordStruct {
  readonly length: number;
  readonly fields: readonly (readonly [name: string, at: number, kind: string, count: number])[];
}
export function readRecordHeader(): {
  readonly constants: readonly (readonly [name: string, value: string])[];
  readonly structs: Readonly<Record<string, RecordStruct>>;
};
export function layoutTypeScript(): string;
export function layoutPython(): string;
