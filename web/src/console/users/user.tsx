import { Table } from "../../parts/table.tsx";
import { Ago } from "../../parts/time.tsx";
import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { useLoaded, usePaged } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { ATTEMPTS_OF_ONE } from "../attempts/table.tsx";
import { AuditTable } from "../audit/audit.tsx";
import { useMay } from "../me.ts";
import { Said, useSaid } from "../said.tsx";
import { useSessionColumns } from "../sessions.tsx";
import { t, word } from "../texts.ts";
import { Title } from "../title.tsx";
import type { UserDetail } from "../types.ts";
import { Account } from "./account.tsx";
import { Acts } from "./acts.tsx";
import { Factors } from "./factors.tsx";

/** A user: the account, what belongs to it, what happened to it, and what can be done about it. */
export function UserPage({ id }: { id: string }) {
  const user = useLoaded((signal) => server.get("/api/v1/admin/users/{id}", { path: { id }, signal }), [id]);
  return (
    <>
      <a href="/console/users">← {t("section.users")}</a>
      {user.problem !== undefined && (
        <>
          {!user.data && <Title>{t("user_number", { id })}</Title>}
          <Failure problem={user.problem} again={user.reload} />
        </>
      )}
      {user.data ? <Shown user={user.data} reload={user.reload} /> : user.problem === undefined && <Busy />}
    </>
  );
}

function Shown({ user, reload }: { user: UserDetail; reload: () => Promise<void> }) {
  const said = useSaid();
  const done = async (text: string) => {
    await reload();
    said.say(text);
  };
  return (
    <>
      <Title>{user.email}</Title>
      <Said said={said} />
      <div class="pair">
        <Account user={user} />
        <Acts user={user} onDone={done} />
      </div>
      <Factors user={user} />
      <Sessions user={user} onDone={done} />
      <Devices user={user} />
      <Attempts user={user} />
      <History id={user.id} version={said.times} />
    </>
  );
}

/** A part that the operator's scopes do not reach. */
function Withheld({ scope }: { scope: string }) {
  return <Notice kind="plain">{t("withheld", { scope })}</Notice>;
}

function Sessions({ user, onDone }: { user: UserDetail; onDone: (text: string) => Promise<void> }) {
  const columns = useSessionColumns(() => onDone(t("session.ended", { email: user.email })));
  return (
    <section class="card stack" aria-labelledby="sessions-of">
      <h2 id="sessions-of">{t("section.sessions")}</h2>
      {user.sessions ? (
        <Table caption={t("section.sessions")} rows={user.sessions} id={(row) => row.id} columns={columns} empty={t("sessions.none")} />
      ) : (
        <Withheld scope="sessions:read" />
      )}
    </section>
  );
}

function Devices({ user }: { user: UserDetail }) {
  return (
    <section class="card stack" aria-labelledby="devices-of">
      <h2 id="devices-of">{t("devices")}</h2>
      {user.devices ? (
        <Table
          caption={t("devices")}
          rows={user.devices}
          id={(row) => row.id}
          empty={t("devices.none")}
          columns={[
            { label: t("name"), cell: (row) => row.name },
            { label: t("device.kind"), cell: (row) => word("kind", row.kind) },
            { label: t("device.trust"), cell: (row) => word("trust", row.trust_level) },
            { label: t("device.level"), cell: (row) => word("level", row.security_level) },
            { label: t("from"), cell: (row) => row.location ?? row.ip ?? "–" },
            { label: t("device.logins"), cell: (row) => row.logins, number: true },
            { label: t("session.seen"), cell: (row) => <Ago time={row.last_seen_at} /> },
          ]}
        />
      ) : (
        <Withheld scope="sessions:read" />
      )}
    </section>
  );
}

function Attempts({ user }: { user: UserDetail }) {
  return (
    <section class="card stack" aria-labelledby="attempts-of">
      <h2 id="attempts-of">{t("section.attempts")}</h2>
      {user.attempts ? (
        <>
          <Table
            caption={t("section.attempts")}
            rows={user.attempts}
            id={(row) => row.id}
            columns={ATTEMPTS_OF_ONE}
            empty={t("logins_today.none")}
          />
          <a href={`/console/attempts?user=${user.id}`}>{t("attempts.all")}</a>
        </>
      ) : (
        <Withheld scope="audit:read" />
      )}
    </section>
  );
}

/** What the trail says of the account. `version` changes when something was done to it. */
function History({ id, version }: { id: number; version: number }) {
  const readable = useMay("audit:read");
  return (
    <section class="card stack" aria-labelledby="history-of">
      <h2 id="history-of">{t("history")}</h2>
      {readable ? <Trail id={id} version={version} /> : <Withheld scope="audit:read" />}
    </section>
  );
}

function Trail({ id, version }: { id: number; version: number }) {
  const list = usePaged(
    (cursor, signal) => server.get("/api/v1/admin/audit", { query: { subject: id, cursor, limit: 20 }, ...(signal && { signal }) }),
    [id, version],
  );
  return <AuditTable list={list} framed={false} />;
}
