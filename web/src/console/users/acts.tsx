import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Notice } from "../../parts/notice.tsx";
import { server } from "../../shell/server.ts";
import { Ask } from "../ask.tsx";
import { useMay, useMe } from "../me.ts";
import { t } from "../texts.ts";
import type { UserDetail } from "../types.ts";
import { RoleDialog } from "./role.tsx";

type Status = "active" | "suspended" | "deactivated";

/** Something that can be done to an account. Its texts are `act.<name>`, `.title`, `.text` and `.done`. */
interface Act {
  name: "approve" | "activate" | "suspend" | "deactivate" | "revoke" | "reset_factors" | "send_reset";
  danger?: boolean;
  /** Does it; gives how many sessions it has ended, where it says so. */
  run: () => Promise<number | undefined>;
}

/** What can be done about a user, as far as the operator may. */
export function Acts({ user, onDone }: { user: UserDetail; onDone: (text: string) => Promise<void> }) {
  const [open, setOpen] = useState<Act | "role">();
  const me = useMe();
  const writes = useMay("users:write");
  const acts = [
    ...(writes ? statusActs(user) : []),
    ...(useMay("sessions:write") ? [revoke(user)] : []),
    ...(writes ? helpActs(user) : []),
  ];
  const close = () => setOpen(undefined);
  const done = async (text: string) => {
    close();
    await onDone(text);
  };
  if (acts.length === 0) return null;
  return (
    <section class="card stack" aria-labelledby="acts-of">
      <h2 id="acts-of">{t("acts")}</h2>
      {user.id === me.id && <Notice kind="warn">{t("acts.self")}</Notice>}
      <div class="acts">
        {acts.map((act) => (
          <Button key={act.name} kind={act.danger ? "danger" : ""} onClick={() => setOpen(act)}>
            {t(`act.${act.name}`)}
          </Button>
        ))}
        {writes && <Button onClick={() => setOpen("role")}>{t("act.role")}</Button>}
      </div>
      {open === "role" && <RoleDialog user={user} onDone={done} onClose={close} />}
      {open && open !== "role" && (
        <Ask
          title={t(`act.${open.name}.title`, { email: user.email })}
          text={<p>{t(`act.${open.name}.text`, { email: user.email })}</p>}
          action={t(`act.${open.name}`)}
          danger={open.danger ?? false}
          act={open.run}
          onDone={(sessions) => done(t(`act.${open.name}.done`, { email: user.email, sessions: t.count("sessions_ended", sessions ?? 0) }))}
          onClose={close}
        />
      )}
    </section>
  );
}

function statusActs(user: UserDetail): Act[] {
  const to = (status: Status) => async () => {
    await server.patch("/api/v1/admin/users/{id}", { path: { id: user.id }, body: { status } });
    return undefined;
  };
  const acts: Act[] = [];
  if (user.status === "pending") acts.push({ name: "approve", run: to("active") });
  if (user.status === "suspended" || user.status === "deactivated") acts.push({ name: "activate", run: to("active") });
  if (user.status === "active" || user.status === "pending") acts.push({ name: "suspend", danger: true, run: to("suspended") });
  if (user.status !== "deactivated") acts.push({ name: "deactivate", danger: true, run: to("deactivated") });
  return acts;
}

function revoke(user: UserDetail): Act {
  return {
    name: "revoke",
    danger: true,
    run: async () => (await server.post("/api/v1/admin/users/{id}/revoke-sessions", { path: { id: user.id } })).sessions,
  };
}

function helpActs(user: UserDetail): Act[] {
  return [
    {
      name: "reset_factors",
      danger: true,
      run: async () => (await server.post("/api/v1/admin/users/{id}/reset-factors", { path: { id: user.id } })).sessions,
    },
    {
      name: "send_reset",
      run: async () => {
        await server.post("/api/v1/admin/users/{id}/send-reset", { path: { id: user.id } });
        return undefined;
      },
    },
  ];
}
