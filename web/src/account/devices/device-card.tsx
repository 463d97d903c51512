import type { Answer, Body } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Failure } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { Ago, Time } from "../../parts/time.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { focusHeading } from "../focus.ts";
import { RenameDialog } from "../rename.tsx";
import { readable, t } from "../text.ts";
import { Levels } from "./levels.tsx";

export type Device = Answer<"get", "/api/v1/devices">["items"][number];

/** One device, and what can be done about it. */
export function DeviceCard({
  device,
  hasFactor,
  onChanged,
  onForgotten,
}: {
  device: Device;
  /** Whether the account has a second factor. */
  hasFactor: boolean;
  onChanged: (device: Device) => void;
  onForgotten: (id: string) => void;
}) {
  const { id, name, current } = device;
  const [asked, setAsked] = useState<"rename" | "forget">();
  const patch = async (body: Body<"patch", "/api/v1/devices/{id}">) =>
    onChanged(await withStepUp(() => server.patch("/api/v1/devices/{id}", { path: { id }, body })));
  const forget = useAction(() => server.delete("/api/v1/devices/{id}", { path: { id } }));
  const confirmed = async () => {
    const done = await forget.run();
    setAsked(undefined);
    if (!done) return;
    announce(t("devices.forgotten", { name }));
    onForgotten(id);
    focusHeading();
  };
  const place = [device.location, device.ip].filter(Boolean).join(", ") || common("unknown");
  return (
    <Card title={name} badge={current && <span class="badge good">{t("devices.this")}</span>}>
      <dl class="facts">
        <dt>{t("devices.kind")}</dt>
        <dd>{t.find(`kind.${device.kind}`) ?? readable(device.kind)}</dd>
        <dt>{t("devices.place")}</dt>
        <dd>{place}</dd>
        <dt>{t("devices.since")}</dt>
        <dd>
          <Time time={device.created_at} />
        </dd>
        <dt>{t("last_seen")}</dt>
        <dd>
          <Ago time={device.last_seen_at} />
        </dd>
        <dt>{t("devices.use")}</dt>
        <dd>
          {t.count("devices.logins", device.logins)}, {t.count("devices.sessions", device.sessions)}
        </dd>
      </dl>
      <Levels device={device} hasFactor={hasFactor} onPatch={patch} />
      {forget.problem !== undefined && <Failure problem={forget.problem} />}
      <div class="row">
        <Button aria-label={t("rename.of", { name })} onClick={() => setAsked("rename")}>
          {t("rename")}
        </Button>
        <Button kind="danger" aria-label={t("devices.forget.of", { name })} onClick={() => setAsked("forget")}>
          {t("devices.forget")}
        </Button>
      </div>
      {asked === "rename" && <RenameDialog name={name} onRename={(to) => patch({ name: to })} onClose={() => setAsked(undefined)} />}
      {asked === "forget" && (
        <Confirm
          title={t("devices.forget.of", { name })}
          text={t(current ? "devices.forget.this" : "devices.forget.text")}
          action={t("devices.forget")}
          danger
          busy={forget.busy}
          onConfirm={() => void confirmed()}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Card>
  );
}
