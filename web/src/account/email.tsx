import { Problem } from "@durward/client";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Busy, Failure, Notice } from "../parts/notice.tsx";
import { withStepUp } from "../parts/step-up.tsx";
import { useAction, useLoaded } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { boot } from "../shell/boot.ts";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Card } from "./card.tsx";
import { t } from "./text.ts";

/** The address: whether it is confirmed, and how to have another. */
export function Email() {
  const profile = useLoaded((signal) => server.get("/api/v1/profile", { signal }), []);
  if (profile.problem !== undefined) return <Failure problem={profile.problem} again={() => void profile.reload()} />;
  if (!profile.data) return <Busy />;
  const { email, email_verified } = profile.data.user;
  return (
    <>
      <Card
        title={t("email.heading")}
        badge={<span class={`badge ${email_verified ? "good" : "warn"}`}>{t(email_verified ? "email.verified" : "email.unverified")}</span>}
      >
        <p class="strong">{email}</p>
        {!email_verified && boot.features.mail && <Resend email={email} />}
      </Card>
      <Card title={t("email.change")}>
        {boot.features.mail ? <Change email={email} /> : <Notice kind="plain">{t("email.no_mail")}</Notice>}
      </Card>
    </>
  );
}

function Resend({ email }: { email: string }) {
  const [sent, setSent] = useState(false);
  const send = useAction(() => server.post("/api/v1/email/verify/resend", { body: { email } }));
  const press = async () => {
    setSent(false);
    if (!(await send.run())) return;
    setSent(true);
    announce(t("email.resent", { email }));
  };
  return (
    <>
      <p>{t("email.unverified.text")}</p>
      {send.problem !== undefined && <Failure problem={send.problem} />}
      {sent && <Notice kind="good">{t("email.resent", { email })}</Notice>}
      <div class="row">
        <Button busy={send.busy} onClick={() => void press()}>
          {t("email.resend")}
        </Button>
      </div>
    </>
  );
}

function Change({ email }: { email: string }) {
  const [wanted, setWanted] = useState("");
  const [checked, setChecked] = useState<string>();
  const [asked, setAsked] = useState<string>();
  const change = useAction(() => withStepUp(() => server.post("/api/v1/email/change", { body: { new_email: wanted.trim() } })));
  const refused = change.problem instanceof Problem && change.problem.field("new_email") !== undefined;
  const submit = async () => {
    const misfit = misfitOf(wanted.trim(), email);
    setChecked(misfit);
    setAsked(undefined);
    if (misfit !== undefined || !(await change.run())) return false;
    setAsked(wanted.trim());
    setWanted("");
    announce(t("email.asked", { email, wanted: wanted.trim() }));
    return true;
  };
  return (
    <>
      <p>{t("email.change.text")}</p>
      {asked !== undefined && <Notice kind="good">{t("email.asked", { email, wanted: asked })}</Notice>}
      {change.problem !== undefined && !refused && <Failure problem={change.problem} />}
      <Form class="stack narrow" onSubmit={submit}>
        <Field
          label={t("email.new")}
          type="email"
          autocomplete="email"
          inputMode="email"
          autocapitalize="none"
          spellcheck={false}
          value={wanted}
          onValue={setWanted}
          wrong={checked ?? (refused ? t("email.malformed") : undefined)}
        />
        <div class="row">
          <Button kind="primary" type="submit" busy={change.busy}>
            {t("email.send")}
          </Button>
        </div>
      </Form>
    </>
  );
}

function misfitOf(wanted: string, email: string): string | undefined {
  if (wanted === "") return common("required");
  return wanted.toLowerCase() === email.toLowerCase() ? t("email.same") : undefined;
}
