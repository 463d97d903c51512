import { useState } from "preact/hooks";

import { Heading } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { MailedLink } from "./mailed-link.tsx";
import { say } from "./texts.ts";

/** Confirms a change of address, of which the old and the new one are each asked. */
export function ConfirmEmail() {
  const [changed, setChanged] = useState(false);
  const done = (
    <>
      <Heading focus>{say(changed ? "confirm.changed" : "confirm.waiting")}</Heading>
      <p>{say(changed ? "confirm.changed.text" : "confirm.waiting.text")}</p>
      {toAccount}
    </>
  );
  return (
    <MailedLink
      heading={say("confirm.heading")}
      text={say("confirm.text")}
      use={async (token) => {
        const answer = await server.post("/api/v1/email/change/confirm", { body: { token } });
        setChanged(answer.status === "changed");
      }}
      done={done}
      invalid={toAccount}
    />
  );
}

const toAccount = (
  <a class="button primary wide" href="/account/email">
    {say("confirm.account")}
  </a>
);
