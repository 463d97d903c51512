import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Failure } from "../../parts/notice.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { focusHeading } from "../focus.ts";
import { t } from "../text.ts";
import type { FactorProps, FactorStatus } from "./security.tsx";

type TrustedDevice = FactorStatus["trusted_devices"][number];

/** Where the second factor is not asked for. */
export function Trusted({ status, onChanged }: FactorProps) {
  const [ending, setEnding] = useState<string>();
  const end = useAction(async (id: string) => {
    await server.delete("/api/v1/2fa/trusted-devices/{id}", { path: { id } });
    await onChanged();
  });
  const press = async ({ id }: TrustedDevice) => {
    setEnding(id);
    if (await end.run(id)) {
      announce(t("trusted.ended"));
      focusHeading();
    }
    setEnding(undefined);
  };
  const name = (one: TrustedDevice) => one.device ?? common("unknown");
  const columns: Column<TrustedDevice>[] = [
    { label: t("device"), cell: name },
    { label: t("address"), cell: (one) => one.ip ?? common("unknown") },
    { label: t("trusted.since"), cell: (one) => <Time time={one.created_at} /> },
    { label: t("trusted.until"), cell: (one) => <Time time={one.expires_at} /> },
    {
      label: t("action"),
      cell: (one) => (
        <Button
          class="slim"
          busy={ending === one.id}
          aria-label={t("trusted.end.of", { device: name(one) })}
          onClick={() => void press(one)}
        >
          {t("trusted.end")}
        </Button>
      ),
    },
  ];
  return (
    <Card title={t("trusted.heading")}>
      <p>{t("trusted.text")}</p>
      {end.problem !== undefined && <Failure problem={end.problem} />}
      <Table
        caption={t("trusted.heading")}
        columns={columns}
        rows={status.trusted_devices}
        id={(one) => one.id}
        empty={t("trusted.none")}
      />
    </Card>
  );
}
