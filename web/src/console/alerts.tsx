import { usePaged } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { SeverityBadge } from "./badges.tsx";
import { Json } from "./facts.tsx";
import { formatExact } from "./format.ts";
import { PagedTable } from "./list.tsx";
import { UserLink } from "./people.tsx";
import { t, word } from "./texts.ts";
import { Title } from "./title.tsx";

/** What was worth looking at, and what each rule means. */
export function Alerts() {
  const list = usePaged(
    (cursor, signal) => server.get("/api/v1/admin/alerts", { query: { cursor, limit: 50 }, ...(signal && { signal }) }),
    [],
  );
  return (
    <>
      <Title>{t("section.alerts")}</Title>
      <p class="muted">{t("alerts.about")}</p>
      <PagedTable
        list={list}
        caption={t("section.alerts")}
        id={(row) => row.id}
        empty={t("alerts.none")}
        columns={[
          { label: t("time"), cell: (row) => <time dateTime={row.at}>{formatExact(row.at)}</time> },
          { label: t("alerts.severity"), cell: (row) => <SeverityBadge severity={row.severity} /> },
          {
            label: t("alerts.rule"),
            cell: (row) => (
              <>
                <b>{word("rule", row.rule)}</b>
                <div class="muted small">{t.find(`rule.${row.rule}.about`)}</div>
              </>
            ),
          },
          { label: t("alerts.subject"), cell: (row) => <Subject about={row.about} /> },
          {
            label: t("alerts.what"),
            cell: (row) => (
              <>
                <span lang="en">{row.summary}</span>
                <details>
                  <summary>{t("alerts.figures")}</summary>
                  <Json value={row.detail} />
                </details>
              </>
            ),
          },
        ]}
      />
    </>
  );
}

function Subject({ about }: { about: string }) {
  const user = /^user:(\d+)$/.exec(about);
  if (user) return <UserLink id={Number(user[1])} />;
  const breaker = /^breaker:(.+)$/.exec(about);
  if (breaker?.[1]) return <>{word("breaker", breaker[1])}</>;
  return <>{about || "–"}</>;
}
