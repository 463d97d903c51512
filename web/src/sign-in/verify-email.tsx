import { useState } from "preact/hooks";

import { boot } from "../shell/boot.ts";
import { server } from "../shell/server.ts";
import { Done } from "./done.tsx";
import { EmailForm } from "./email-form.tsx";
import { MailSent } from "./mail-sent.tsx";
import { MailedLink } from "./mailed-link.tsx";
import { say } from "./texts.ts";

/** Confirms an address after a registration. */
export function VerifyEmail() {
  const [sent, setSent] = useState("");
  const send = (email: string) => server.post("/api/v1/email/verify/resend", { body: { email } });
  if (sent) return <MailSent text={say("verify.mail", { email: sent })} again={() => send(sent)} />;
  const another = boot.features.mail && (
    <>
      <p>{say("verify.another")}</p>
      <EmailForm
        submit={say("link.again")}
        send={async (email) => {
          await send(email);
          setSent(email);
        }}
      />
    </>
  );
  return (
    <MailedLink
      heading={say("verify.heading")}
      text={say("verify.text")}
      use={(token) => server.post("/api/v1/email/verify", { body: { token } })}
      done={<Done heading={say("verify.done")} text={say("verify.done.text")} />}
      invalid={another}
    />
  );
}
