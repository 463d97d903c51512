import { useState } from "preact/hooks";

import { BackupCodes } from "../parts/backup-codes.tsx";
import { Check } from "../parts/field.tsx";
import { Heading } from "../shell/frame.tsx";
import { Form } from "./form.tsx";
import { say } from "./texts.ts";
import { goOn } from "./ways.ts";

/** The last step of somebody who has just set up a second factor: codes to keep. */
export function Codes({ codes, email }: { codes: string[]; email: string }) {
  const [kept, setKept] = useState(false);
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Heading focus>{say("codes.heading")}</Heading>
      <p class="not-on-paper">{say("codes.text")}</p>
      <BackupCodes codes={codes} account={email} />
      <Form
        submit={say("continue")}
        busy={false}
        onSubmit={() => {
          setAsked(!kept);
          if (kept) void goOn();
        }}
      >
        <Check label={say("codes.kept")} checked={kept} onChecked={setKept} />
        {asked && !kept && (
          <p class="wrong-alone" role="alert">
            {say("codes.keep")}
          </p>
        )}
      </Form>
    </>
  );
}
