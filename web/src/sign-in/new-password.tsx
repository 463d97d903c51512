import { Problem } from "@durward/client";

import { Field } from "../parts/field.tsx";
import { PasswordMeter } from "../parts/password-meter.tsx";
import { explain } from "../shell/server.ts";

/** A password to choose, with what it is worth. */
export function NewPassword({
  label,
  hint,
  value,
  email,
  name,
  wrong,
  onValue,
}: {
  label: string;
  hint: string;
  value: string;
  email?: string;
  name?: string;
  wrong: string | undefined;
  onValue: (value: string) => void;
}) {
  return (
    <div>
      <Field
        name="new-password"
        type="password"
        label={label}
        hint={hint}
        autocomplete="new-password"
        wrong={wrong}
        value={value}
        onValue={onValue}
      />
      <PasswordMeter password={value} {...(email && { email })} {...(name && { name })} />
    </div>
  );
}

/** What is wrong with the password, if that is what the problem is about. */
export function passwordWrong(problem: unknown): string | undefined {
  return problem instanceof Problem && problem.code === "weak_password" ? explain(problem) : undefined;
}
