import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Failure } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { Time } from "../../parts/time.tsx";
import { useAction } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { Card } from "../card.tsx";
import { t } from "../text.ts";
import type { FactorProps } from "./security.tsx";

/** With so few left it is time for new ones. */
export const FEW = 3;

/** How many backup codes are left, and how to get new ones. */
export function BackupCodes({ status, onChanged, onCodes }: FactorProps) {
  const { remaining, created_at } = status.backup_codes;
  const [asking, setAsking] = useState(false);
  const make = useAction(async () => {
    const { backup_codes } = await withStepUp(() => server.post("/api/v1/2fa/backup-codes"));
    onCodes(backup_codes);
    void onChanged();
  });
  const press = () => (remaining > 0 ? setAsking(true) : void make.run());
  const confirmed = async () => {
    await make.run();
    setAsking(false);
  };
  return (
    <Card
      title={t("codes.heading")}
      badge={<span class={`badge ${remaining < FEW ? "warn" : "good"}`}>{t.count("codes.left", remaining)}</span>}
    >
      <p>{t("codes.text")}</p>
      {created_at && (
        <p class="muted small">
          {t("codes.made")} <Time time={created_at} />
        </p>
      )}
      {make.problem !== undefined && <Failure problem={make.problem} />}
      <div class="row">
        <Button busy={make.busy} onClick={press}>
          {t("codes.make")}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t("codes.make")}
          text={t("codes.make.text")}
          action={t("codes.make")}
          busy={make.busy}
          onConfirm={() => void confirmed()}
          onClose={() => setAsking(false)}
        />
      )}
    </Card>
  );
}
