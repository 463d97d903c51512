import type { Body } from "@durward/client";
import { useEffect, useState } from "preact/hooks";

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
  /** What is chosen, until it is known whether it was taken. */
  const [chosen, setChosen] = useState({ trust, security });
  useEffect(() => setChosen({ trust, security }), [trust, security]);
  const set = async (patch: Patch, next: Partial<typeof chosen>) => {
    setChosen({ ...chosen, ...next });
    if (await change.run(patch)) announce(common("saved"));
    else setChosen({ trust, security });
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
        <Select
          label={t("devices.trust")}
          hint={`${t(`trust.${trust}.text`)} ${keeps_cookie ? "" : t("trust.no_cookie")}`}
          value={chosen.trust}
          options={trusts}
          onValue={(to) => void set({ trust_level: to as Device["trust_level"] }, { trust: to as Device["trust_level"] })}
        />
        <Select
          label={t("devices.level")}
          hint={`${t(`level.${security}.text`)} ${limits}`}
          value={chosen.security}
          options={levels}
          onValue={(to) => void set({ security_level: to as Device["security_level"] }, { security: to as Device["security_level"] })}
        />
      </div>
    </>
  );
}
