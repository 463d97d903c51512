import { type Answer, Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Failure, Notice } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { Ago, Time } from "../../parts/time.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { focusHeading } from "../focus.ts";
import { RenameDialog } from "../rename.tsx";
import { t } from "../text.ts";

type Passkey = Answer<"get", "/api/v1/passkeys">["items"][number];

/** One passkey. `last`: without it there is no second factor any more. */
export function PasskeyItem({ passkey, last, onChanged }: { passkey: Passkey; last: boolean; onChanged: () => Promise<void> }) {
  const { id, name } = passkey;
  const [asked, setAsked] = useState<"rename" | "remove">();
  const remove = useAction(async () => {
    await withStepUp(() => server.delete("/api/v1/passkeys/{id}", { path: { id } }));
    announce(t("passkeys.removed", { name }));
    await onChanged();
    focusHeading();
  });
  const rename = async (to: string) => {
    await server.patch("/api/v1/passkeys/{id}", { path: { id }, body: { name: to } });
    await onChanged();
  };
  const confirmed = async () => {
    await remove.run();
    setAsked(undefined);
  };
  const kept = remove.problem instanceof Problem && remove.problem.code === "last_factor";
  const copies = passkey.backed_up ? "passkeys.backed_up" : passkey.backup_eligible ? "passkeys.not_backed_up" : "passkeys.one_device";
  return (
    <li class="item">
      <div class="row apart">
        <div>
          <h3>{name}</h3>
          <p class="muted small">
            {t("passkeys.since")} <Time time={passkey.created_at} /> ·{" "}
            {passkey.last_used_at ? (
              <>
                {t("passkeys.used")} <Ago time={passkey.last_used_at} />
              </>
            ) : (
              t("passkeys.unused")
            )}
          </p>
          <p class="muted small">{t(copies)}</p>
        </div>
        <div class="row">
          <Button class="slim" aria-label={t("rename.of", { name })} onClick={() => setAsked("rename")}>
            {t("rename")}
          </Button>
          <Button kind="danger" class="slim" aria-label={t("remove.of", { name })} onClick={() => setAsked("remove")}>
            {t("remove")}
          </Button>
        </div>
      </div>
      {passkey.clone_suspected_at && (
        <Notice kind="bad">
          {t("passkeys.clone")} (<Time time={passkey.clone_suspected_at} />)
        </Notice>
      )}
      {remove.problem !== undefined &&
        (kept ? <Notice kind="bad">{t("passkeys.last_factor")}</Notice> : <Failure problem={remove.problem} />)}
      {asked === "rename" && <RenameDialog name={name} onRename={rename} onClose={() => setAsked(undefined)} />}
      {asked === "remove" && (
        <Confirm
          title={t("remove.of", { name })}
          text={t(last ? "passkeys.remove.last" : "passkeys.remove.text")}
          action={t("remove")}
          danger
          busy={remove.busy}
          onConfirm={() => void confirmed()}
          onClose={() => setAsked(undefined)}
        />
      )}
    </li>
  );
}
