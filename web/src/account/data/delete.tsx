import { Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Failure } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { useAction } from "../../parts/use.ts";
import type { Me } from "../../shell/frame.tsx";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { t } from "../text.ts";

const GOES = ["profile", "sessions", "factors", "conversations", "trail"] as const;

/** The end of the account. */
export function Delete({ me }: { me: Me }) {
  const [asking, setAsking] = useState(false);
  return (
    <Card title={t("delete.heading")}>
      <p>{t("delete.text")}</p>
      <ul class="plain-list">
        {GOES.map((one) => (
          <li key={one}>{t(`delete.goes.${one}`)}</li>
        ))}
      </ul>
      <div class="row">
        <Button kind="danger" onClick={() => setAsking(true)}>
          {t("delete.begin")}
        </Button>
      </div>
      {asking && <Sure email={me.email} onClose={() => setAsking(false)} />}
    </Card>
  );
}

function Sure({ email, onClose }: { email: string; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const erase = useAction(async () => {
    await withStepUp(() => server.delete("/api/v1/account", { body: { password } }));
    location.replace("/login?reason=account_deleted");
  });
  const refused = erase.problem instanceof Problem && erase.problem.code === "invalid_credentials";
  const matches = typed.trim().toLowerCase() === email.toLowerCase();
  const submit = () => {
    setTried(true);
    return matches && password !== "" && erase.run();
  };
  let wrong = refused ? common("step_up.wrong_password") : undefined;
  if (tried && password === "") wrong = common("required");
  return (
    <Dialog title={t("delete.heading")} onClose={onClose}>
      <p>{t("delete.sure")}</p>
      {erase.problem !== undefined && !refused && <Failure problem={erase.problem} />}
      <Form onSubmit={submit}>
        <Field
          label={t("delete.type", { email })}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={typed}
          onValue={setTyped}
          wrong={tried && !matches ? t("delete.mismatch") : undefined}
        />
        <Field
          label={common("password")}
          type="password"
          autocomplete="current-password"
          value={password}
          onValue={setPassword}
          wrong={wrong}
        />
        <div class="row">
          <Button kind="danger" type="submit" busy={erase.busy}>
            {t("delete.for_good")}
          </Button>
          <Button onClick={onClose}>{common("cancel")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
