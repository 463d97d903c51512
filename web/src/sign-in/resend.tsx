import { Button } from "../parts/button.tsx";
import { Failure, Notice } from "../parts/notice.tsx";
import { useAction } from "../parts/use.ts";
import { server } from "../shell/server.ts";
import { useState } from "preact/hooks";
import { say } from "./texts.ts";

/** Sends a mail again, and says that it is on its way. */
export function Again({ send }: { send: () => Promise<unknown> }) {
  const [sent, setSent] = useState(false);
  const sending = useAction(async () => {
    setSent(false);
    await send();
    setSent(true);
  });
  return (
    <>
      {sending.problem !== undefined && <Failure problem={sending.problem} />}
      {sent && <Notice kind="good">{say("mail.sent_again")}</Notice>}
      <Button busy={sending.busy} onClick={() => void sending.run()}>
        {say("mail.again")}
      </Button>
    </>
  );
}

/** Sends the link that confirms this address again. */
export function Resend({ email }: { email: string }) {
  return <Again send={() => server.post("/api/v1/email/verify/resend", { body: { email } })} />;
}
