import { Time } from "../../parts/time.tsx";
import { common } from "../../shell/texts.ts";
import { StatusBadge } from "../badges.tsx";
import { Facts } from "../facts.tsx";
import { t } from "../texts.ts";
import type { UserDetail } from "../types.ts";
import { ScopeList } from "./scopes.tsx";

/** The account itself. */
export function Account({ user }: { user: UserDetail }) {
  const { filled } = user.profile;
  return (
    <section class="card stack" aria-labelledby="account-of">
      <h2 id="account-of">{t("account")}</h2>
      <Facts
        facts={[
          [t("status"), <StatusBadge status={user.status} />],
          [t("name"), user.full_name ?? "–"],
          [t("user_id"), user.id],
          [t("email_verified"), common(user.email_verified ? "yes" : "no")],
          [t("registered"), <Time time={user.created_at} />],
          [t("profile"), filled.length > 0 ? filled.join(", ") : t("profile.empty")],
          [
            t("role"),
            <>
              <b>{user.role}</b>
              <ScopeList scopes={user.scopes} />
            </>,
          ],
        ]}
      />
    </section>
  );
}
