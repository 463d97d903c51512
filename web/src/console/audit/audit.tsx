import { type Paged, usePaged } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { type Filter, Filters, chosen } from "../filters.tsx";
import { formatExact } from "../format.ts";
import { PagedTable } from "../list.tsx";
import { UserLink } from "../people.tsx";
import { useQuery } from "../query.ts";
import { t, word } from "../texts.ts";
import { Title } from "../title.tsx";
import type { AuditEntry } from "../types.ts";
import { EntryLink } from "./entry-link.tsx";
import { EVENTS } from "./events.ts";
import { Export } from "./export.tsx";

const FILTERS: Filter[] = [
  { name: "event", label: t("event"), kind: "choice", options: EVENTS.map((value) => ({ value, label: word("event", value) })) },
  { name: "actor", label: t("actor"), kind: "text", number: true },
  { name: "subject", label: t("subject"), kind: "text", number: true },
  { name: "ip", label: t("ip"), kind: "text" },
  { name: "session_id", label: t("session_id"), kind: "text" },
  { name: "request_id", label: t("request_id"), kind: "text" },
  { name: "since", label: t("since"), kind: "time" },
  { name: "until", label: t("until"), kind: "time" },
];

/** The audit trail: searched, and exported as it was searched. */
export function Audit() {
  const query = useQuery();
  const filters = chosen(query, FILTERS);
  const list = usePaged(
    (cursor, signal) => server.get("/api/v1/admin/audit", { query: { ...filters, cursor, limit: 50 }, ...(signal && { signal }) }),
    [JSON.stringify(filters)],
  );
  return (
    <>
      <Title>{t("section.audit")}</Title>
      <p class="muted">{t("audit.about")}</p>
      <Filters query={query} filters={FILTERS} />
      <Export filters={filters} />
      <AuditTable list={list} />
    </>
  );
}

/** Rows of the trail. */
export function AuditTable({ list, framed = true }: { list: Paged<AuditEntry>; framed?: boolean }) {
  return (
    <PagedTable
      framed={framed}
      list={list}
      caption={t("section.audit")}
      id={(row) => row.id}
      empty={t("audit.none")}
      columns={[
        { label: t("time"), cell: (row) => <time dateTime={row.at}>{formatExact(row.at)}</time> },
        { label: t("event"), cell: (row) => <EntryLink entry={row} /> },
        { label: t("by"), cell: (row) => <UserLink id={row.actor} /> },
        { label: t("whom"), cell: (row) => <UserLink id={row.subject} /> },
        { label: t("ip"), cell: (row) => row.ip ?? "–" },
      ]}
    />
  );
}
