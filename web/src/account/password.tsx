import { Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Failure, Notice } from "../parts/notice.tsx";
import { PasswordMeter } from "../parts/password-meter.tsx";
import { withStepUp } from "../parts/step-up.tsx";
import { useAction } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { explain, server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Card } from "./card.tsx";
import type { SectionProps } from "./sections.ts";
import { t } from "./text.ts";

/** Change the password. */
export function Password({ me }: SectionProps) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [tried, setTried] = useState(false);
  const [done, setDone] = useState(false);
  const body = { current_password: current, new_password: wanted };
  const change = useAction(() => withStepUp(() => server.post("/api/v1/password/change", { body })));
  const wrong = misfits(change.problem);
  const submit = async () => {
    setTried(true);
    setDone(false);
    if (current === "" || wanted === "" || !(await change.run())) return false;
    setCurrent("");
    setWanted("");
    setTried(false);
    setDone(true);
    announce(t("password.done"));
    return true;
  };
  const missing = (value: string) => (tried && value === "" ? common("required") : undefined);
  return (
    <Card title={t("password.heading")}>
      <p>{t("password.text")}</p>
      {done && (
        <Notice kind="good">
          {t("password.done")} <a href="/account/sessions">{t("password.sessions")}</a>
        </Notice>
      )}
      {change.problem !== undefined && !wrong && <Failure problem={change.problem} />}
      <Form class="stack narrow" onSubmit={submit}>
        {/* Tells a password manager whose it is. */}
        <input type="text" autocomplete="username" value={me.email} readOnly hidden />
        <Field
          label={t("password.current")}
          type="password"
          autocomplete="current-password"
          value={current}
          onValue={setCurrent}
          wrong={missing(current) ?? wrong?.current}
        />
        <Field
          label={t("password.new")}
          hint={t("password.hint")}
          type="password"
          autocomplete="new-password"
          value={wanted}
          onValue={setWanted}
          wrong={missing(wanted) ?? wrong?.wanted}
        />
        <PasswordMeter password={wanted} email={me.email} {...(me.name && { name: me.name })} />
        <div class="row">
          <Button kind="primary" type="submit" busy={change.busy}>
            {t("password.change")}
          </Button>
        </div>
      </Form>
    </Card>
  );
}

/** What a refusal says of which field; undefined where it is about neither. */
function misfits(problem: unknown): { current?: string; wanted?: string } | undefined {
  if (!(problem instanceof Problem)) return undefined;
  if (problem.code === "invalid_credentials") return { current: common("step_up.wrong_password") };
  if (problem.code === "weak_password") return { wanted: explain(problem) };
  const [current, wanted] = [problem.field("current_password"), problem.field("new_password")];
  return current || wanted ? { ...(current && { current }), ...(wanted && { wanted }) } : undefined;
}
