import { Notice } from "../../parts/notice.tsx";
import { boot } from "../../shell/boot.ts";
import { FEW } from "../security/backup-codes.tsx";
import { t } from "../text.ts";
import type { State } from "./state.ts";

/** So many failed sign-ins are worth a look. */
const MANY = 3;

interface Warning {
  text: string;
  href: string;
  action: string;
  bad?: boolean;
}

/** What is worth acting on. */
export function Warnings({ state }: { state: State }) {
  return (
    <>
      {warningsOf(state).map(({ text, href, action, bad }) => (
        <Notice key={text} kind={bad ? "bad" : "warn"}>
          <div class="row apart">
            <span>{text}</span>
            <a class="button slim" href={href}>
              {action}
            </a>
          </div>
        </Notice>
      ))}
    </>
  );
}

function warningsOf({ user, factors, failures, cloned }: State): Warning[] {
  const found: Warning[] = [];
  const security = { href: "/account/security", action: t("overview.to_security") };
  if (cloned) found.push({ text: t("warning.cloned"), ...security, bad: true });
  if (!user.email_verified && boot.features.mail) {
    found.push({ text: t("warning.unverified"), href: "/account/email", action: t("overview.to_email") });
  }
  if (!factors.enabled) found.push({ text: t("warning.no_factor"), ...security });
  const { remaining } = factors.backup_codes;
  if (factors.enabled && remaining < FEW) found.push({ text: t.count("warning.few_codes", remaining), ...security });
  if (failures >= MANY) {
    found.push({ text: t.count("warning.failures", failures), href: "/account/activity", action: t("overview.to_activity") });
  }
  return found;
}
