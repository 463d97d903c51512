import { passkeys } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Busy, Failure, Notice } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { useAction, usePaged } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { Card } from "../card.tsx";
import { More } from "../more.tsx";
import { t } from "../text.ts";
import { PasskeyItem } from "./passkey-item.tsx";
import type { FactorProps } from "./security.tsx";

/** So many an account may have. */
const MOST = 20;

/** The passkeys: add, rename, remove. */
export function Passkeys({ status, onChanged, onCodes }: FactorProps) {
  const list = usePaged((cursor, signal) => server.get("/api/v1/passkeys", { query: { cursor, limit: MOST }, signal }), []);
  const changed = async () => {
    await Promise.all([list.reload(), onChanged()]);
  };
  return (
    <Card
      title={t("passkeys.heading")}
      badge={status.passkeys > 0 && <span class="badge good">{t.count("passkeys.count", status.passkeys)}</span>}
    >
      <p>{t("passkeys.text")}</p>
      {list.problem !== undefined && <Failure problem={list.problem} again={() => void list.reload()} />}
      {!list.data && list.problem === undefined && <Busy />}
      {list.data && list.data.length > 0 && (
        <ul class="items">
          {list.data.map((one) => (
            <PasskeyItem key={one.id} passkey={one} last={!status.totp.enabled && status.passkeys === 1} onChanged={changed} />
          ))}
        </ul>
      )}
      <More list={list} />
      {passkeys.supported() ? <Add onAdded={changed} onCodes={onCodes} /> : <Notice kind="plain">{t("passkeys.unsupported")}</Notice>}
    </Card>
  );
}

function Add({ onAdded, onCodes }: { onAdded: () => Promise<void>; onCodes: FactorProps["onCodes"] }) {
  const [name, setName] = useState("");
  const add = useAction(async () => {
    const added = await withStepUp(() => passkeys.register(server, name.trim() || undefined));
    setName("");
    announce(t("passkeys.added", { name: added.name }));
    if (added.backup_codes) onCodes(added.backup_codes);
    await onAdded();
  });
  return (
    <Form class="stack narrow" onSubmit={() => add.run()}>
      {add.problem !== undefined && <Failure problem={add.problem} />}
      <Field label={t("passkeys.name")} hint={t("passkeys.name.hint")} maxLength={100} value={name} onValue={setName} />
      <div class="row">
        <Button type="submit" busy={add.busy}>
          {t("passkeys.add")}
        </Button>
      </div>
    </Form>
  );
}
