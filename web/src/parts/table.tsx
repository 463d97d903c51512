import type { ComponentChildren } from "preact";

import { common } from "../shell/texts.ts";

/** One column: its heading, and what stands in it for a row. */
export interface Column<T> {
  label: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
}

/** A table, which becomes a list of cards on a phone. */
export function Table<T>({
  caption,
  columns,
  rows,
  id,
  empty = common("none"),
}: {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string | number;
  empty?: string;
}) {
  if (rows.length === 0) return <p class="muted">{empty}</p>;
  return (
    <table class="table">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.label} scope="col">
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={id(row)}>
            {columns.map((column) => (
              <td key={column.label} data-label={column.label} class={column.number ? "number" : undefined}>
                <span>{column.cell(row)}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
