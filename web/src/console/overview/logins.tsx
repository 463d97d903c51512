import { Table } from "../../parts/table.tsx";
import { formatNumber } from "../format.ts";
import { t, word } from "../texts.ts";
import type { Overview } from "../types.ts";

/** What came of the logins of the last 24 hours. */
export function Logins({ logins }: { logins: Overview["logins"] }) {
  const rows = [...logins].sort((one, other) => other.count - one.count);
  return (
    <section class="card stack">
      <h2>{t("logins_today")}</h2>
      <Table
        caption={t("logins_today")}
        rows={rows}
        id={(row) => `${row.method}/${row.result}`}
        columns={[
          { label: t("method"), cell: (row) => word("method", row.method) },
          { label: t("result"), cell: (row) => word("reason", row.result) },
          { label: t("count"), cell: (row) => formatNumber(row.count), number: true },
        ]}
        empty={t("logins_today.none")}
      />
    </section>
  );
}
