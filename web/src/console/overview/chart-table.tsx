import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Table } from "../../parts/table.tsx";
import { common } from "../../shell/texts.ts";
import { t } from "../texts.ts";
import { type Drawn, formatValue } from "./charts.ts";
import { formatMoment } from "./time-axis.ts";

const AT_FIRST = 20;

/** The figures of a chart as a table, the newest first; steps in which there was nothing are left out. */
export function ChartTable({ title, drawn }: { title: string; drawn: Drawn }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("chart.table")}</summary>
      {open && <Rows title={title} drawn={drawn} />}
    </details>
  );
}

function Rows({ title, drawn }: { title: string; drawn: Drawn }) {
  const [most, setMost] = useState(AT_FIRST);
  const busy = drawn.times.map((_, at) => at).filter((at) => drawn.lines.some((line) => line.values[at]));
  const rows = busy.reverse().slice(0, most);
  const columns = [
    { label: t("time"), cell: (at: number) => formatMoment(drawn.times[at] ?? 0) },
    ...drawn.lines.map((line) => ({
      label: line.label,
      cell: (at: number) => formatValue(drawn.unit, line.values[at]),
      number: true,
    })),
  ];
  return (
    // A table of many lines is wider than a phone.
    <div class="sideways" tabIndex={0} role="region" aria-label={t("chart.table_of", { name: title })}>
      <Table caption={title} columns={columns} rows={rows} id={(at) => at} empty={t("chart.empty")} />
      {busy.length > most && (
        <Button class="slim" onClick={() => setMost(most + 100)}>
          {common("more")}
        </Button>
      )}
    </div>
  );
}
