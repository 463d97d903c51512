import { useEffect, useRef, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/notice.tsx";
import { useAction } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { server } from "../shell/server.ts";
import { EntryLink } from "./audit/entry-link.tsx";
import { EVENTS } from "./audit/events.ts";
import { Filters } from "./filters.tsx";
import { formatClock } from "./format.ts";
import { UserLink } from "./people.tsx";
import { useQuery } from "./query.ts";
import { useEvery } from "./refresh.ts";
import { t, word } from "./texts.ts";
import { Title } from "./title.tsx";
import type { AuditEntry } from "./types.ts";

/** How often it is asked what is new. */
const EVERY = 2_000;
/** How many lines are kept. */
const MOST = 200;
/** How many pages are read at most when much has happened at once. */
const PAGES = 3;
/** Nodes write at the same time, and their clocks differ: what is this much older may still come. */
const OVERLAP = 5_000;
/** How often somebody who listens is told how much is new. */
const SAY_EVERY = 10_000;

/** What is happening, as it happens. */
export function Feed() {
  const query = useQuery();
  const event = query.values.event ?? "";
  return (
    <>
      <Title>{t("section.feed")}</Title>
      <p class="muted">{t("feed.about")}</p>
      <Lines key={event} event={event} query={query} />
    </>
  );
}

function Lines({ event, query }: { event: string; query: ReturnType<typeof useQuery> }) {
  const [lines, setLines] = useState<AuditEntry[]>();
  const [on, setOn] = useState(true);
  const [since, setSince] = useState<string>();
  const news = useRef(0);
  const current = useRef<AuditEntry[]>([]);
  const load = useAction(async () => {
    const known = new Set(current.current.map(({ id }) => id));
    const newest = await read(event, current.current[0]?.at, known);
    const fresh = newest.filter(({ id }) => !known.has(id));
    if (current.current.length > 0) news.current += fresh.length;
    if (fresh.length > 0 || lines === undefined) {
      const all = [...fresh, ...current.current].sort((one, other) => other.at.localeCompare(one.at) || other.id.localeCompare(one.id));
      current.current = all.slice(0, MOST);
      setLines(current.current);
    }
    setSince(new Date().toISOString());
  });
  useEffect(() => void load.run(), []);
  useEvery(EVERY, on, load.run);
  useEvery(SAY_EVERY, on, async () => {
    if (news.current > 0) announce(t.count("feed.new", news.current));
    news.current = 0;
  });
  return (
    <>
      <Filters
        query={query}
        filters={[
          { name: "event", label: t("event"), kind: "choice", options: EVENTS.map((value) => ({ value, label: word("event", value) })) },
        ]}
      >
        <Button class="slim" aria-pressed={!on} onClick={() => setOn(!on)}>
          {t(on ? "pause" : "resume")}
        </Button>
        <span class="muted small">{on ? since && t("as_of", { time: formatClock(since) }) : t("feed.paused")}</span>
      </Filters>
      {load.problem !== undefined && <Failure problem={load.problem} again={() => void load.run()} />}
      {lines?.length === 0 && <p class="muted">{t("feed.none")}</p>}
      <ol class="feed card" hidden={!lines || lines.length === 0} aria-label={t("section.feed")}>
        {lines?.map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </ol>
    </>
  );
}

function Line({ line }: { line: AuditEntry }) {
  const other = line.subject !== null && line.subject !== line.actor;
  return (
    <li>
      <time dateTime={line.at} class="muted small number">
        {formatClock(line.at)}
      </time>
      <EntryLink entry={line} />
      <span class="who">
        {line.actor !== null && <UserLink id={line.actor} />}
        {other && (
          <>
            {line.actor !== null && <span aria-label={t("to")}> → </span>}
            <UserLink id={line.subject} />
          </>
        )}
      </span>
      <span class="muted small">{line.ip}</span>
    </li>
  );
}

/** The newest entries, back to what is known already. */
async function read(event: string, newest: string | undefined, known: Set<string>): Promise<AuditEntry[]> {
  const since = newest && new Date(new Date(newest).getTime() - OVERLAP).toISOString();
  const found: AuditEntry[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await server.get("/api/v1/admin/audit", { query: { event, since, cursor, limit: 50 } });
    found.push(...answer.items);
    cursor = answer.next_cursor;
    const caughtUp = answer.items.some(({ id }) => known.has(id));
    if (!cursor || caughtUp || newest === undefined) break;
  }
  return found;
}
