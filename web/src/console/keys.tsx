import { Busy, Failure } from "../parts/notice.tsx";
import { Table } from "../parts/table.tsx";
import { Ago, Time } from "../parts/time.tsx";
import { useLoaded } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { Json } from "./facts.tsx";
import { t, word } from "./texts.ts";
import { Title } from "./title.tsx";

const KINDS: Record<string, string> = { signing: "good", unreadable: "bad" };

/** The keys that tokens are signed with, and were. */
export function Keys() {
  const keys = useLoaded((signal) => server.get("/api/v1/admin/keys", { signal }), []);
  return (
    <>
      <Title>{t("section.keys")}</Title>
      <p class="muted">{t("keys.about")}</p>
      {keys.problem !== undefined && <Failure problem={keys.problem} again={keys.reload} />}
      {!keys.data && keys.problem === undefined && <Busy />}
      {keys.data && (
        <div class="card list">
          <Table
            caption={t("section.keys")}
            rows={keys.data}
            id={(row) => row.kid}
            columns={[
              { label: t("keys.kid"), cell: (row) => <code>{row.kid}</code> },
              { label: t("keys.algorithm"), cell: (row) => row.algorithm },
              {
                label: t("state"),
                cell: (row) => (
                  <>
                    <span class={`badge ${KINDS[row.state] ?? ""}`}>{word("key", row.state)}</span>
                    <div class="muted small">{t.find(`key.${row.state}.about`)}</div>
                  </>
                ),
              },
              { label: t("keys.age"), cell: (row) => (row.created_at ? <Ago time={row.created_at} /> : t("keys.age.unknown")) },
              { label: t("keys.retired"), cell: (row) => (row.retired_at ? <Time time={row.retired_at} /> : "–") },
              { label: t("keys.origin"), cell: (row) => word("origin", row.origin) },
              {
                label: t("keys.public"),
                cell: (row) =>
                  row.public_jwk ? (
                    <details>
                      <summary>{t("keys.public.show")}</summary>
                      <Json value={row.public_jwk} />
                    </details>
                  ) : (
                    <span class="muted">{t("keys.public.none")}</span>
                  ),
              },
            ]}
          />
        </div>
      )}
    </>
  );
}
