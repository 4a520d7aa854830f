/** Rows of numbers as a table for a terminal. Pure. */

export interface Column {
  readonly title: string;
  readonly isNumber: boolean;
}

/** Texts under their titles, numbers to the right. */
export function tableText(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ isNumber }, i) => {
        const cell = cells[i] ?? '';
        const width = widths[i] as number;
        return isNumber ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const titles = line(columns.map((column) => column.title));
  return `${[titles, rule, ...rows.map(line)].join('\n')}\n`;
}

/** The same for a page. */
export function tableMarkdown(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map(({ isNumber }) => (isNumber ? '---:' : '---'));
  return `${[line(columns.map((column) => column.title)), line(rule), ...rows.map(line)].join('\n')}\n`;
}

/** 1234567 as 1,234,567. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : grouped(value)} ms`;
}
