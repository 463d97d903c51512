import { Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Select } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Failure } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { focusHeading } from "../focus.ts";
import { t } from "../text.ts";
import type { FactorProps } from "./security.tsx";

type Way = "code" | "password";

/** Turns TOTP off, for who has the app or knows the password. */
export function TotpDisable({ status, onChanged, onClose, onDone }: FactorProps & { onClose: () => void; onDone: () => void }) {
  const [way, setWay] = useState<Way>("code");
  const [value, setValue] = useState("");
  const [empty, setEmpty] = useState(false);
  const body = way === "code" ? { code: value.replace(/\s/g, "") } : { password: value };
  const disable = useAction(async () => {
    await withStepUp(() => server.post("/api/v1/2fa/totp/disable", { body }));
    onDone();
    await onChanged();
    onClose();
    focusHeading();
    announce(t("totp.disabled"));
  });
  const refused = disable.problem instanceof Problem && disable.problem.status === 401;
  const wrong = refused ? common(way === "code" ? "problem.invalid_second_factor" : "step_up.wrong_password") : undefined;
  const submit = () => {
    setEmpty(value === "");
    return value !== "" && disable.run();
  };
  const turn = (to: string) => {
    setWay(to as Way);
    setValue("");
    setEmpty(false);
    disable.clear();
  };
  return (
    <Dialog title={t("totp.disable")} onClose={onClose}>
      <p>{t(status.passkeys > 0 ? "totp.disable.text" : "totp.disable.last")}</p>
      {disable.problem !== undefined && !refused && <Failure problem={disable.problem} />}
      <Form onSubmit={submit}>
        <Select
          label={t("totp.disable.by")}
          value={way}
          options={[
            { value: "code", label: common("step_up.code") },
            { value: "password", label: common("password") },
          ]}
          onValue={turn}
        />
        <Field
          key={way}
          label={way === "code" ? common("step_up.code") : common("password")}
          type={way === "code" ? "text" : "password"}
          inputMode={way === "code" ? "numeric" : undefined}
          autocomplete={way === "code" ? "one-time-code" : "current-password"}
          value={value}
          onValue={setValue}
          wrong={empty ? common("required") : wrong}
        />
        <div class="row">
          <Button kind="danger" type="submit" busy={disable.busy}>
            {t("totp.disable")}
          </Button>
          <Button onClick={onClose}>{common("cancel")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
