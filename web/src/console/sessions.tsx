import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { type Column } from "../parts/table.tsx";
import { Ago } from "../parts/time.tsx";
import { usePaged } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { Ask } from "./ask.tsx";
import { type Filter, Filters, chosen } from "./filters.tsx";
import { formatExact } from "./format.ts";
import { PagedTable } from "./list.tsx";
import { useMay, useMe } from "./me.ts";
import { UserLink } from "./people.tsx";
import { useQuery } from "./query.ts";
import { Said, useSaid } from "./said.tsx";
import { t, word } from "./texts.ts";
import { Title } from "./title.tsx";
import type { SessionEntry } from "./types.ts";

const FILTERS: Filter[] = [{ name: "user", label: t("user_id"), kind: "text", number: true }];

/** Everybody's live sessions. */
export function Sessions() {
  const query = useQuery();
  const filters = chosen(query, FILTERS);
  const said = useSaid();
  const list = usePaged(
    (cursor, signal) => server.get("/api/v1/admin/sessions", { query: { ...filters, cursor, limit: 50 }, ...(signal && { signal }) }),
    [JSON.stringify(filters)],
  );
  const ended = async (session: SessionEntry) => {
    await list.reload();
    said.say(t("session.ended", { email: session.email }));
  };
  const columns = useSessionColumns(ended);
  const who: Column<SessionEntry> = { label: t("user"), cell: (row) => <UserLink id={row.user_id} email={row.email} /> };
  return (
    <>
      <Title>{t("section.sessions")}</Title>
      <p class="muted">{t("sessions.about")}</p>
      <Filters query={query} filters={FILTERS} />
      <Said said={said} />
      <PagedTable list={list} caption={t("section.sessions")} columns={[who, ...columns]} id={(row) => row.id} empty={t("sessions.none")} />
    </>
  );
}

/** The columns of a list of sessions, with a button to end each where the operator may. */
export function useSessionColumns(onEnded: (session: SessionEntry) => Promise<void>): Column<SessionEntry>[] {
  const { sessionId } = useMe();
  const columns: Column<SessionEntry>[] = [
    {
      label: t("device"),
      cell: (row) => (
        <>
          {row.device ?? t("unknown_device")}
          {row.id === sessionId && <span class="badge good">{t("session.mine")}</span>}
        </>
      ),
    },
    {
      label: t("from"),
      cell: (row) => (
        <>
          {row.ip ?? "–"}
          {row.location && <div class="muted small">{row.location}</div>}
        </>
      ),
    },
    { label: t("session.methods"), cell: (row) => `${row.auth_methods.join(", ")} · ${word("transport", row.transport)}` },
    { label: t("session.seen"), cell: (row) => <Ago time={row.last_seen_at} /> },
    { label: t("session.until"), cell: (row) => formatExact(row.expires_at) },
  ];
  if (useMay("sessions:write")) {
    columns.push({ label: t("acts"), cell: (row) => <End session={row} mine={row.id === sessionId} onEnded={onEnded} /> });
  }
  return columns;
}

function End({ session, mine, onEnded }: { session: SessionEntry; mine: boolean; onEnded: (session: SessionEntry) => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button class="slim" kind="danger" aria-label={t("session.end.of", { email: session.email })} onClick={() => setAsking(true)}>
        {t("session.end")}
      </Button>
      {asking && (
        <Ask
          title={t("session.end.title")}
          text={t(mine ? "session.end.mine" : "session.end.text", { email: session.email })}
          action={t("session.end")}
          danger
          act={() => server.delete("/api/v1/admin/sessions/{id}", { path: { id: session.id } })}
          onDone={async () => {
            setAsking(false);
            await onEnded(session);
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
