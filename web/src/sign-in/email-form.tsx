import { Problem } from "@durward/client";
import { useLayoutEffect, useState } from "preact/hooks";

import { Field } from "../parts/field.tsx";
import { useAction } from "../parts/use.ts";
import { common } from "../shell/texts.ts";
import { Form, type Wrong } from "./form.tsx";
import { say } from "./texts.ts";

/** Asks for an address, to send something to it. */
export function EmailForm({ submit, send }: { submit: string; send: (email: string) => Promise<unknown> }) {
  const [email, setEmail] = useState("");
  const [wrong, setWrong] = useState<Wrong>({});
  useLayoutEffect(() => document.querySelector<HTMLInputElement>('input[name="email"]')?.focus(), []);
  const sending = useAction(async () => {
    try {
      await send(email.trim());
    } catch (problem) {
      if (problem instanceof Problem && problem.field("email")) setWrong({ email: say("wrong.email") });
      throw problem;
    }
  });
  const ask = () => {
    setWrong(email.trim() ? {} : { email: common("required") });
    if (email.trim()) void sending.run();
  };
  return (
    <Form submit={submit} busy={sending.busy} problem={wrong.email ? undefined : sending.problem} wrong={wrong} onSubmit={ask}>
      <Field
        name="email"
        type="email"
        label={common("email")}
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        wrong={wrong.email}
        value={email}
        onValue={setEmail}
      />
    </Form>
  );
}
