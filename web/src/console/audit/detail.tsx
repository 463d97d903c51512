import { useLocation } from "preact-iso";

import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { Facts, Json } from "../facts.tsx";
import { formatExact } from "../format.ts";
import { UserLink } from "../people.tsx";
import { t, word } from "../texts.ts";
import { Title } from "../title.tsx";
import type { AuditEntry } from "../types.ts";

/** One entry of the trail, with everything that it says. */
export function AuditDetail({ id }: { id: string }) {
  const { query } = useLocation();
  const entry = useLoaded((signal) => find(id, query.at, signal), [id]);
  if (entry.problem) {
    return (
      <>
        <Title>{t("section.audit")}</Title>
        <Failure problem={entry.problem} again={entry.reload} />
      </>
    );
  }
  if (entry.data === undefined) return <Busy />;
  return (
    <>
      <a href="/console/audit">← {t("section.audit")}</a>
      {entry.data === null ? (
        <>
          <Title>{t("audit.gone")}</Title>
          <Notice kind="warn">{t("audit.gone.text")}</Notice>
        </>
      ) : (
        <Entry entry={entry.data} />
      )}
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  return (
    <>
      <Title>{word("event", entry.event)}</Title>
      <section class="card">
        <Facts
          facts={[
            [t("event"), <code>{entry.event}</code>],
            [t("time"), <time dateTime={entry.at}>{formatExact(entry.at)}</time>],
            [t("by"), <UserLink id={entry.actor} />],
            [t("whom"), <UserLink id={entry.subject} />],
            [t("ip"), entry.ip ? <a href={`/console/audit?ip=${encodeURIComponent(entry.ip)}`}>{entry.ip}</a> : "–"],
            [t("session_id"), entry.session_id ? <a href={`/console/audit?session_id=${entry.session_id}`}>{entry.session_id}</a> : "–"],
            [
              t("request_id"),
              entry.request_id ? <a href={`/console/audit?request_id=${encodeURIComponent(entry.request_id)}`}>{entry.request_id}</a> : "–",
            ],
            [t("node"), entry.node ?? "–"],
            [t("id"), <code>{entry.id}</code>],
            [t("audit.chain"), entry.lane === null || entry.seq === null ? "–" : t("audit.place", { lane: entry.lane, seq: entry.seq })],
            [t("audit.hash"), entry.hash ? <code>{entry.hash}</code> : "–"],
          ]}
        />
      </section>
      <h2>{t("audit.detail")}</h2>
      <Json value={entry.detail} />
    </>
  );
}

/** How many pages of entries of the same two seconds are looked through. */
const PAGES = 10;

/**
 * Finds an entry by its id. Ids are UUIDv7, which say when they were made; the link says it more exactly.
 *
 * @returns null where there is none.
 */
async function find(id: string, at: string | undefined, signal: AbortSignal): Promise<AuditEntry | null> {
  const moment = at ? new Date(at).getTime() : parseInt(id.replaceAll("-", "").slice(0, 12), 16);
  if (Number.isNaN(moment)) return null;
  const since = new Date(moment - 1_000).toISOString();
  const until = new Date(moment + 1_000).toISOString();
  let cursor: string | null | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await server.get("/api/v1/admin/audit", { query: { since, until, cursor, limit: 100 }, signal });
    const found = answer.items.find((entry) => entry.id === id);
    if (found) return found;
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  return null;
}
