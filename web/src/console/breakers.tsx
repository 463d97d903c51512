import { Button } from "../parts/button.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { useLoaded } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { formatNumber, formatSpan } from "./format.ts";
import { useEvery } from "./refresh.ts";
import { t, word } from "./texts.ts";
import { Title } from "./title.tsx";

const EVERY = 5_000;
const KINDS = { closed: "good", half_open: "warn", open: "bad" } as const;
const SIGNS = { closed: "✓", half_open: "!", open: "✕" } as const;

/** What the circuit breakers of this node are doing. */
export function Breakers() {
  const breakers = useLoaded((signal) => server.get("/api/v1/admin/breakers", { signal }), []);
  useEvery(EVERY, true, breakers.reload);
  return (
    <>
      <div class="row apart">
        <Title>{t("section.breakers")}</Title>
        <Button class="slim" onClick={() => void breakers.reload()}>
          {common("refresh")}
        </Button>
      </div>
      <p class="muted">{t("breakers.about")}</p>
      {breakers.problem !== undefined && <Failure problem={breakers.problem} again={breakers.reload} />}
      {!breakers.data && breakers.problem === undefined && <Busy />}
      {breakers.data && (
        <div class="card list">
          <Table
            caption={t("section.breakers")}
            rows={breakers.data}
            id={(row) => row.name}
            columns={[
              {
                label: t("breaker"),
                cell: (row) => (
                  <>
                    <b>{word("breaker", row.name)}</b> <span class="muted small">{row.name}</span>
                  </>
                ),
              },
              {
                label: t("state"),
                cell: (row) => (
                  <span class={`badge ${KINDS[row.state]}`}>
                    <span aria-hidden="true">{SIGNS[row.state]} </span>
                    {t(`state.${row.state}`)}
                  </span>
                ),
              },
              { label: t("breakers.failures"), cell: (row) => formatNumber(row.failures), number: true },
              { label: t("breakers.transitions"), cell: (row) => formatNumber(row.transitions), number: true },
              { label: t("breakers.since"), cell: (row) => <Time time={row.since} /> },
              {
                label: t("breakers.probe"),
                cell: (row) =>
                  row.next_probe_in === null ? t("breakers.through") : t("breakers.in", { span: formatSpan(row.next_probe_in) }),
              },
            ]}
          />
        </div>
      )}
    </>
  );
}
