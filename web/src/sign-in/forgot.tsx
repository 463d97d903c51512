import { useState } from "preact/hooks";

import { boot } from "../shell/boot.ts";
import { Heading } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { Done } from "./done.tsx";
import { EmailForm } from "./email-form.tsx";
import { MailSent } from "./mail-sent.tsx";
import { say } from "./texts.ts";
import { way } from "./ways.ts";

/** Asks for a link to set a new password with. */
export function Forgot() {
  const [sent, setSent] = useState("");
  if (!boot.features.mail) return <Done heading={say("forgot.heading")} text={say("forgot.no_mail")} />;
  const send = (email: string) => server.post("/api/v1/password/forgot", { body: { email } });
  if (sent) return <MailSent text={say("forgot.mail", { email: sent })} again={() => send(sent)} />;
  return (
    <>
      <Heading>{say("forgot.heading")}</Heading>
      <p>{say("forgot.text")}</p>
      <EmailForm
        submit={say("forgot.submit")}
        send={async (email) => {
          await send(email);
          setSent(email);
        }}
      />
      <p>
        <a href={way("/login")}>{say("to_sign_in")}</a>
      </p>
    </>
  );
}
