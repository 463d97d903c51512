import { Heading } from "../shell/frame.tsx";
import { Again } from "./resend.tsx";
import { say } from "./texts.ts";

/** Something is in the mail: what to do with it, and another one if it does not come. */
export function MailSent({ text, again }: { text: string; again: () => Promise<unknown> }) {
  return (
    <>
      <Heading focus>{say("mail.heading")}</Heading>
      <p>{text}</p>
      <p class="muted small">{say("mail.not_there")}</p>
      <Again send={again} />
    </>
  );
}
