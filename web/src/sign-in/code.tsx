import { Problem } from "@durward/client";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Field } from "../parts/field.tsx";
import { explain } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Form, type Wrong } from "./form.tsx";
import { say } from "./texts.ts";

/** The methods that are a code. */
export type CodeMethod = "totp" | "email_code" | "backup_code";

/** So many digits make a code whole. */
const DIGITS: Partial<Record<CodeMethod, number>> = { totp: 6, email_code: 8 };

/** A code to type in or to paste. One that is made of digits is sent as soon as it is whole. */
export function CodeForm({
  method,
  hint,
  busy,
  problem,
  submit,
  onCode,
  children,
}: {
  method: CodeMethod;
  hint?: string;
  busy: boolean;
  problem: unknown;
  submit: string;
  /** Gives whether it was right. */
  onCode: (code: string) => Promise<boolean>;
  children?: ComponentChildren;
}) {
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState<Wrong>({});
  const digits = DIGITS[method];
  const refused = problem instanceof Problem && problem.code === "invalid_second_factor";
  useEffect(() => document.querySelector<HTMLInputElement>('input[name="code"]')?.focus(), []);
  useEffect(() => {
    if (!refused) return;
    setCode("");
    setWrong({ code: explain(problem) });
  }, [problem]);

  // However it is written in a mail or an app: with spaces or dashes.
  const bare = (typed: string) => typed.replace(digits ? /[\s-]/g : /\s/g, "");
  const send = async (typed: string) => {
    const plain = bare(typed);
    setWrong(plain ? {} : { code: common("required") });
    if (plain) await onCode(plain);
  };
  const onValue = (typed: string) => {
    setCode(typed);
    const plain = bare(typed);
    if (digits && plain.length === digits && /^\d+$/.test(plain)) void send(plain);
  };
  return (
    <Form submit={submit} busy={busy} problem={refused ? undefined : problem} wrong={wrong} onSubmit={() => void send(code)}>
      <Field
        name="code"
        label={say(`second.${method}`)}
        hint={hint}
        wrong={wrong.code}
        value={code}
        onValue={onValue}
        autocomplete={digits ? "one-time-code" : "off"}
        inputMode={digits ? "numeric" : "text"}
        autocapitalize="none"
        spellcheck={false}
      />
      {children}
    </Form>
  );
}
