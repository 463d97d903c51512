import type { Body } from "@durward/client";

import { Select } from "../../parts/field.tsx";
import { Failure } from "../../parts/notice.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { common } from "../../shell/texts.ts";
import { t } from "../text.ts";
import type { Device } from "./device-card.tsx";

type Patch = NonNullable<Body<"patch", "/api/v1/devices/{id}">>;

/** How far a device is trusted, and what a sign-in on it has to show; each in words. */
export function Levels({
  device: { trust_level: trust, security_level: security, keeps_cookie },
  hasFactor,
  onPatch,
}: {
  device: Device;
  hasFactor: boolean;
  onPatch: (patch: Patch) => Promise<void>;
}) {
  const change = useAction(onPatch);
  const set = async (patch: Patch) => {
    if (await change.run(patch)) announce(common("saved"));
  };
  const trusts = (["new", "trusted", "verified"] as const)
    // That comes by a second factor alone.
    .filter((level) => level !== "verified" || trust === "verified")
    .map((level) => ({ value: level, label: t(`trust.${level}`), disabled: level === "trusted" && !keeps_cookie }));
  const levels = (["always_login", "auto_login", "always_2fa"] as const).map((level) => ({
    value: level,
    label: t(`level.${level}`),
    disabled: level !== security && ((level === "auto_login" && trust === "new") || (level === "always_2fa" && !hasFactor)),
  }));
  const limits = [trust === "new" && t("level.needs_trust"), !hasFactor && t("level.needs_factor")].filter(Boolean).join(" ");
  return (
    <>
      {change.problem !== undefined && <Failure problem={change.problem} />}
      <div class="pair">
        {/* The key puts back what was chosen and not taken. */}
        <Select
          key={`trust ${change.busy}`}
          label={t("devices.trust")}
          hint={`${t(`trust.${trust}.text`)} ${keeps_cookie ? "" : t("trust.no_cookie")}`}
          value={trust}
          options={trusts}
          onValue={(trust_level) => void set({ trust_level: trust_level as Device["trust_level"] })}
        />
        <Select
          key={`level ${change.busy}`}
          label={t("devices.level")}
          hint={`${t(`level.${security}.text`)} ${limits}`}
          value={security}
          options={levels}
          onValue={(security_level) => void set({ security_level: security_level as Device["security_level"] })}
        />
      </div>
    </>
  );
}
