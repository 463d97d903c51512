import type { Answer } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago, Time } from "../parts/time.tsx";
import { useAction, usePaged } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { signOut } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Card } from "./card.tsx";
import { focusHeading } from "./focus.ts";
import { More } from "./more.tsx";
import { t } from "./text.ts";

type Session = Answer<"get", "/api/v1/sessions">["items"][number];

/** Where the account is signed in, and how to end that. */
export function Sessions() {
  const list = usePaged((cursor, signal) => server.get("/api/v1/sessions", { query: { cursor, limit: 50 }, signal }), []);
  const [ending, setEnding] = useState<string>();
  const [asking, setAsking] = useState(false);
  const end = useAction((id: string) => server.delete("/api/v1/sessions/{id}", { path: { id } }));
  const endOthers = useAction(() => server.delete("/api/v1/sessions"));
  const out = useAction(signOut);
  const sessions = list.data ?? [];
  const pressed = async (session: Session) => {
    setEnding(session.id);
    if (session.current) await out.run();
    else if (await end.run(session.id)) {
      list.set(sessions.filter((one) => one.id !== session.id));
      announce(t("sessions.ended"));
      focusHeading();
    }
    setEnding(undefined);
  };
  const confirmed = async () => {
    const done = await endOthers.run();
    setAsking(false);
    if (!done) return;
    list.set(sessions.filter((one) => one.current));
    announce(t("sessions.others_ended"));
    focusHeading();
    await list.reload();
  };
  if (list.problem !== undefined) return <Failure problem={list.problem} again={() => void list.reload()} />;
  if (!list.data) return <Busy />;
  const problem = end.problem ?? endOthers.problem ?? out.problem;
  return (
    <Card title={t("sessions.heading")}>
      <p>{t("sessions.text")}</p>
      {problem !== undefined && <Failure problem={problem} />}
      <Table caption={t("sessions.heading")} columns={columns(pressed, ending)} rows={sessions} id={(session) => session.id} />
      <More list={list} />
      <div class="row">
        {sessions.some((one) => !one.current) && (
          <Button kind="danger" onClick={() => setAsking(true)}>
            {t("sessions.end_others")}
          </Button>
        )}
        <Button busy={list.busy} onClick={() => void list.reload()}>
          {common("refresh")}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t("sessions.end_others")}
          text={t("sessions.end_others.text")}
          action={t("sessions.end_others")}
          danger
          busy={endOthers.busy}
          onConfirm={() => void confirmed()}
          onClose={() => setAsking(false)}
        />
      )}
    </Card>
  );
}

function columns(pressed: (session: Session) => Promise<void>, ending: string | undefined): Column<Session>[] {
  const name = (session: Session) => session.device ?? common("unknown");
  return [
    {
      label: t("device"),
      cell: (session) => (
        <>
          {name(session)} {session.current && <span class="badge good">{t("sessions.this")}</span>}
        </>
      ),
    },
    { label: t("place"), cell: (session) => session.location ?? common("unknown") },
    { label: t("address"), cell: (session) => session.ip ?? common("unknown") },
    { label: t("sessions.since"), cell: (session) => <Time time={session.created_at} /> },
    { label: t("last_seen"), cell: (session) => <Ago time={session.last_seen_at} /> },
    {
      label: t("action"),
      cell: (session) => (
        <Button
          class="slim"
          busy={ending === session.id}
          aria-label={session.current ? undefined : t("sessions.end.of", { device: name(session) })}
          onClick={() => void pressed(session)}
        >
          {session.current ? common("sign_out") : t("sessions.end")}
        </Button>
      ),
    },
  ];
}
