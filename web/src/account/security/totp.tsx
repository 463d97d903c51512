import { type Answer, Problem } from "@durward/client";
import { useEffect, useRef, useState } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Failure } from "../../parts/notice.tsx";
import { withStepUp } from "../../parts/step-up.tsx";
import { Time } from "../../parts/time.tsx";
import { TotpSecret } from "../../parts/totp-secret.tsx";
import { useAction } from "../../parts/use.ts";
import { explain, server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { Card } from "../card.tsx";
import { focusHeading } from "../focus.ts";
import { t } from "../text.ts";
import type { FactorProps } from "./security.tsx";
import { TotpDisable } from "./totp-disable.tsx";

type Setup = Answer<"post", "/api/v1/2fa/totp/setup">;

/** Codes of an authenticator app: set up, or turn off. */
export function Totp(props: FactorProps) {
  const { enabled, enabled_at } = props.status.totp;
  const [setup, setSetup] = useState<Setup>();
  const [disabling, setDisabling] = useState(false);
  const begin = useAction(async () => setSetup(await withStepUp(() => server.post("/api/v1/2fa/totp/setup"))));
  const cancel = () => {
    setSetup(undefined);
    focusHeading();
  };
  const badge = <span class={`badge ${enabled ? "good" : ""}`}>{t(enabled ? "on" : "off")}</span>;
  return (
    <Card title={t("totp.heading")} badge={badge}>
      <p>{t("totp.text")}</p>
      {enabled && enabled_at && (
        <p class="muted small">
          {t("totp.since")} <Time time={enabled_at} />
        </p>
      )}
      {begin.problem !== undefined && <Failure problem={begin.problem} />}
      {setup && !enabled ? (
        <FirstCode {...props} key={setup.secret} setup={setup} onAgain={() => void begin.run()} onCancel={cancel} />
      ) : (
        <div class="row">
          {enabled ? (
            <Button kind="danger" onClick={() => setDisabling(true)}>
              {t("totp.disable")}
            </Button>
          ) : (
            <Button kind="primary" busy={begin.busy} onClick={() => void begin.run()}>
              {t("totp.setup")}
            </Button>
          )}
        </div>
      )}
      {disabling && <TotpDisable {...props} onClose={() => setDisabling(false)} onDone={() => setSetup(undefined)} />}
    </Card>
  );
}

/** The secret, and the first code that it makes: only that turns TOTP on. */
function FirstCode({
  setup,
  onChanged,
  onCodes,
  onAgain,
  onCancel,
}: FactorProps & { setup: Setup; onAgain: () => void; onCancel: () => void }) {
  const [code, setCode] = useState("");
  const [empty, setEmpty] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const enable = useAction(async () => {
    const { backup_codes } = await withStepUp(() => server.post("/api/v1/2fa/totp/enable", { body: { code: code.replace(/\s/g, "") } }));
    onCodes(backup_codes);
    void onChanged();
  });
  const { problem } = enable;
  // The secret waited too long for its code.
  const over = problem instanceof Problem && problem.code === "factor_state";
  const wrong = problem instanceof Problem && (problem.code === "invalid_second_factor" || problem.field("code") !== undefined);
  const submit = () => {
    setEmpty(code.trim() === "");
    return code.trim() !== "" && enable.run();
  };
  return (
    <div class="stack narrow">
      <h3 ref={heading} tabIndex={-1}>
        {t("totp.scan")}
      </h3>
      <TotpSecret setup={setup} />
      {problem !== undefined && !wrong && !over && <Failure problem={problem} />}
      {over && <Failure problem={problem} again={onAgain} />}
      <Form onSubmit={submit}>
        <Field
          label={t("totp.first_code")}
          hint={t("totp.first_code.hint")}
          inputMode="numeric"
          autocomplete="one-time-code"
          maxLength={9}
          value={code}
          onValue={setCode}
          wrong={empty ? common("required") : wrong ? explain(new Problem(401, { code: "invalid_second_factor" })) : undefined}
        />
        <div class="row">
          <Button kind="primary" type="submit" busy={enable.busy}>
            {t("totp.enable")}
          </Button>
          <Button onClick={onCancel}>{common("cancel")}</Button>
        </div>
      </Form>
    </div>
  );
}
