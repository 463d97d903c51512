import type { ComponentChildren } from "preact";

import { formatNumber, formatSpan } from "../format.ts";
import { useMay } from "../me.ts";
import { t, word } from "../texts.ts";
import type { Overview } from "../types.ts";

/** How much there is of everything. */
export function Tiles({ overview }: { overview: Overview }) {
  const { users, alerts, breakers } = overview;
  const open = breakers.filter(({ state }) => state !== "closed");
  const [seesUsers, seesSessions, seesAlerts, seesBreakers] = [
    useMay("users:read"),
    useMay("sessions:read"),
    useMay("alerts:read"),
    useMay("breakers:read"),
  ];
  return (
    <ul class="tiles" aria-label={t("figures")}>
      <Tile label={t("tile.users")} value={formatNumber(users.total)} href={seesUsers ? "/console/users" : undefined}>
        {(["active", "pending", "suspended", "deactivated"] as const).map((status) => (
          <span key={status}>
            {word("status", status)} {formatNumber(users[status])}
          </span>
        ))}
      </Tile>
      <Tile label={t("tile.sessions")} value={formatNumber(overview.sessions)} href={seesSessions ? "/console/sessions" : undefined} />
      <Tile label={t("tile.sockets")} value={formatNumber(overview.sockets)}>
        <span>{t("tile.sockets.here")}</span>
      </Tile>
      <Tile label={t("tile.nodes")} value={formatNumber(overview.nodes)} />
      <Tile label={t("tile.mails")} value={formatNumber(overview.mails_waiting)} />
      <Tile
        label={t("tile.alerts")}
        value={formatNumber(alerts.critical + alerts.warning + alerts.info)}
        href={seesAlerts ? "/console/alerts" : undefined}
        kind={alerts.critical > 0 ? "bad" : alerts.warning > 0 ? "warn" : ""}
      >
        {(["critical", "warning", "info"] as const).map((severity) => (
          <span key={severity}>
            {word("severity", severity)} {formatNumber(alerts[severity])}
          </span>
        ))}
      </Tile>
      <Tile
        label={t("tile.breakers")}
        value={open.length === 0 ? t("tile.breakers.closed") : t.count("tile.breakers.open", open.length)}
        href={seesBreakers ? "/console/breakers" : undefined}
        kind={open.length > 0 ? "bad" : ""}
      >
        {open.map(({ name }) => (
          <span key={name}>{word("breaker", name)}</span>
        ))}
      </Tile>
      <Tile label={t("tile.version")} value={overview.version}>
        <span>{t("tile.uptime", { span: formatSpan(overview.uptime) })}</span>
      </Tile>
    </ul>
  );
}

function Tile({
  label,
  value,
  href,
  kind = "",
  children,
}: {
  label: string;
  value: string;
  href?: string | undefined;
  kind?: "" | "warn" | "bad";
  children?: ComponentChildren;
}) {
  return (
    <li class={`card tile ${kind}`}>
      <span class="muted small">{href ? <a href={href}>{label}</a> : label}</span>
      <b class="figure">{value}</b>
      {children && <span class="muted small parts">{children}</span>}
    </li>
  );
}
