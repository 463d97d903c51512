import { Button } from "../../parts/button.tsx";
import { Busy, Failure } from "../../parts/notice.tsx";
import { Ago, Time } from "../../parts/time.tsx";
import { usePaged } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { More } from "../more.tsx";
import { t } from "../text.ts";
import { type SecurityEvent, methodOf, reasonOf, titleOf } from "./words.ts";

/** What happened around the account, newest first. */
export function Activity() {
  const list = usePaged((cursor, signal) => server.get("/api/v1/security/events", { query: { cursor, limit: 25 }, signal }), []);
  if (list.problem !== undefined) return <Failure problem={list.problem} again={() => void list.reload()} />;
  if (!list.data) return <Busy />;
  return (
    <Card title={t("activity.heading")}>
      <p>
        {t("activity.text")} <a href="/account/password">{t("activity.act")}</a>
      </p>
      {list.data.length === 0 && <p class="muted">{common("none")}</p>}
      <ol class="items">
        {list.data.map((event) => (
          <Entry key={event.id} event={event} />
        ))}
      </ol>
      <More list={list} />
      <div class="row">
        <Button busy={list.busy} onClick={() => void list.reload()}>
          {common("refresh")}
        </Button>
      </div>
    </Card>
  );
}

function Entry({ event }: { event: SecurityEvent }) {
  const reason = reasonOf(event);
  const from = [event.device, event.location, event.ip].filter(Boolean).join(" · ");
  return (
    <li class="item">
      <div class="row apart">
        <div class="row">
          <h3>{titleOf(event)}</h3>
          {event.succeeded !== undefined && event.succeeded !== null && (
            <span class={`badge ${event.succeeded ? "good" : "bad"}`}>{t(event.succeeded ? "activity.ok" : "activity.failed")}</span>
          )}
          {event.by === "operator" && <span class="badge warn">{t("activity.operator")}</span>}
          {event.current && <span class="badge">{t("sessions.this")}</span>}
        </div>
        <span class="muted small">
          <Ago time={event.at} />
        </span>
      </div>
      <p class="muted small">{[methodOf(event), reason].filter(Boolean).join(" · ")}</p>
      <p class="muted small">
        <Time time={event.at} />
        {from && ` · ${from}`}
      </p>
    </li>
  );
}
