import type { ComponentChildren } from "preact";

import { Busy, Failure } from "../../parts/notice.tsx";
import { Ago } from "../../parts/time.tsx";
import { useLoaded } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { t } from "../text.ts";
import { type State, load } from "./state.ts";
import { Warnings } from "./warnings.tsx";

/** The account at a glance, and what is worth doing about it. */
export function Overview() {
  const state = useLoaded((signal) => load(server, signal), []);
  if (state.problem !== undefined) return <Failure problem={state.problem} again={() => void state.reload()} />;
  if (!state.data) return <Busy />;
  return (
    <>
      <Warnings state={state.data} />
      <Card title={t("overview.heading")}>
        <Facts state={state.data} />
      </Card>
    </>
  );
}

function Facts({ state: { user, factors, sessions, lastLogin } }: { state: State }) {
  return (
    <dl class="facts wide">
      <Fact label={t("profile.full_name")} href="/account/profile" action={t("overview.change")}>
        {user.full_name ?? <span class="muted">{t("overview.no_name")}</span>}
      </Fact>
      <Fact label={common("email")} href="/account/email" action={t("overview.change")}>
        {user.email}{" "}
        <span class={`badge ${user.email_verified ? "good" : "warn"}`}>
          {t(user.email_verified ? "email.verified" : "email.unverified")}
        </span>
      </Fact>
      <Fact label={t("overview.second_factor")} href="/account/security" action={t("overview.manage")}>
        <span class={`badge ${factors.enabled ? "good" : "warn"}`}>{t(factors.enabled ? "on" : "off")}</span>{" "}
        {factors.enabled && t.count("codes.left", factors.backup_codes.remaining)}
      </Fact>
      <Fact label={t("passkeys.heading")} href="/account/security" action={t("overview.manage")}>
        {t.count("passkeys.count", factors.passkeys)}
      </Fact>
      <Fact label={t("overview.last_login")} href="/account/activity" action={t("overview.look")}>
        {lastLogin ? (
          <>
            <Ago time={lastLogin.at} />
            {[lastLogin.device, lastLogin.location ?? lastLogin.ip].filter(Boolean).map((one) => ` · ${one}`)}
          </>
        ) : (
          <span class="muted">{t("overview.first_login")}</span>
        )}
      </Fact>
      <Fact label={t("title.sessions")} href="/account/sessions" action={t("overview.look")}>
        {t.count("overview.sessions", sessions.count)}
        {sessions.more && "+"}
      </Fact>
    </dl>
  );
}

function Fact({ label, href, action, children }: { label: string; href: string; action: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
      <dd>
        <a href={href} aria-label={`${action}: ${label}`}>
          {action}
        </a>
      </dd>
    </div>
  );
}
