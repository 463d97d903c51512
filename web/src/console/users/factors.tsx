import { common } from "../../shell/texts.ts";
import { Facts } from "../facts.tsx";
import { formatExact, formatNumber } from "../format.ts";
import { t, word } from "../texts.ts";
import type { UserDetail } from "../types.ts";

/** What the user has set up beside the password. */
export function Factors({ user }: { user: UserDetail }) {
  const { factors } = user;
  return (
    <section class="card stack" aria-labelledby="factors-of">
      <h2 id="factors-of">{t("factors")}</h2>
      <Facts
        facts={[
          [t("factors.required"), common(factors.required ? "yes" : "no")],
          [t("factors.totp"), factors.totp.enabled_at ? t("factors.since", { time: formatExact(factors.totp.enabled_at) }) : t("off")],
          [t("factors.passkeys"), formatNumber(factors.passkeys)],
          [t("factors.codes"), t.count("factors.codes.left", factors.backup_codes.remaining)],
          [t("factors.preferred"), factors.preferred.map((method) => word("method", method)).join(", ") || "–"],
        ]}
      />
    </section>
  );
}
