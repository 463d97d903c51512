import { useState } from "preact/hooks";

import { Busy, Failure } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { Ask } from "../ask.tsx";
import { t } from "../texts.ts";
import type { UserDetail } from "../types.ts";
import { ScopeList } from "./scopes.tsx";

/** Gives a user another role, and shows what each may do. */
export function RoleDialog({ user, onDone, onClose }: { user: UserDetail; onDone: (text: string) => Promise<void>; onClose: () => void }) {
  const [role, setRole] = useState(user.role);
  const roles = useLoaded((signal) => server.get("/api/v1/admin/roles", { signal }), []);
  return (
    <Ask
      title={t("act.role.title", { email: user.email })}
      text={
        <>
          <p>{t("act.role.text")}</p>
          {roles.problem !== undefined && <Failure problem={roles.problem} again={roles.reload} />}
          {!roles.data && roles.problem === undefined && <Busy />}
          {roles.data && (
            <fieldset class="roles">
              <legend class="unseen">{t("role")}</legend>
              {roles.data.map(({ name, scopes }) => (
                <label key={name} class="check">
                  <input type="radio" name="role" value={name} checked={name === role} onChange={() => setRole(name)} />
                  <span>
                    <b>{name}</b>
                    {name === user.role && <span class="muted"> {t("act.role.now")}</span>}
                    <ScopeList scopes={scopes} />
                  </span>
                </label>
              ))}
            </fieldset>
          )}
        </>
      }
      action={t("act.role.set")}
      ready={role !== user.role}
      act={() => server.patch("/api/v1/admin/users/{id}", { path: { id: user.id }, body: { role } })}
      onDone={() => onDone(t("act.role.done", { email: user.email, role }))}
      onClose={onClose}
    />
  );
}
