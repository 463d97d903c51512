import { type Answer, Problem, passkeys } from "@durward/client";
import { useLayoutEffect, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { useAction } from "../parts/use.ts";
import { boot } from "../shell/boot.ts";
import { Heading } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Form, type Wrong } from "./form.tsx";
import { Resend } from "./resend.tsx";
import { say } from "./texts.ts";
import { useWaitingPasskey } from "./waiting-passkey.ts";
import { way } from "./ways.ts";

type Login = Answer<"post", "/api/v1/auth/login">;

/** What is typed so far; it outlives the form, which comes back when the second step was not taken. */
export interface Values {
  email: string;
  password: string;
}

/** The first step: password or passkey. */
export function PasswordStep({
  values,
  focus,
  first,
  onValues,
  onAnswer,
}: {
  values: Values;
  /** The field that somebody is in. */
  focus: string | undefined;
  /** What went wrong before the page was there. */
  first?: Problem | undefined;
  onValues: (values: Values) => void;
  onAnswer: (answer: Login) => Promise<void>;
}) {
  const { email, password } = values;
  const [wrong, setWrong] = useState<Wrong>({});
  const [by, setBy] = useState<"password" | "passkey">("password");
  const [told, setTold] = useState<unknown>(first);
  const attempt = useAction(async (ask: () => Promise<Login>) => {
    setTold(undefined);
    await onAnswer(await ask());
  });
  const waiting = useWaitingPasskey(
    (answer) => {
      setBy("passkey");
      void attempt.run(() => Promise.resolve(answer));
    },
    (problem) => setTold(problem),
  );
  const problem = attempt.problem ?? told;
  const code = problem instanceof Problem ? problem.code : "";

  useLayoutEffect(() => {
    const name = focus ?? (email === "" ? "email" : "password");
    document.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.focus();
  }, []);

  const withPassword = async () => {
    const missing = { email: email.trim() ? undefined : common("required"), password: password ? undefined : common("required") };
    setWrong(missing);
    if (missing.email || missing.password) return;
    waiting.stop();
    setBy("password");
    if (await attempt.run(() => server.post("/api/v1/auth/login", { body: { email, password } }))) return;
    document.querySelector<HTMLInputElement>('input[name="password"]')?.select();
    waiting.start();
  };
  const withPasskey = async () => {
    waiting.stop();
    setBy("passkey");
    setWrong({});
    if (!(await attempt.run(() => passkeys.signIn(server)))) waiting.start();
  };

  return (
    <>
      <Heading>{common("sign_in")}</Heading>
      <Form
        submit={common("sign_in")}
        busy={attempt.busy && by === "password"}
        problem={problem}
        wrong={wrong}
        onSubmit={() => void withPassword()}
        onFocus={waiting.start}
      >
        {code === "account_pending" && boot.features.verifyEmail && <Resend email={email} />}
        <Field
          name="email"
          type="email"
          label={common("email")}
          autocomplete="username webauthn"
          autocapitalize="none"
          spellcheck={false}
          wrong={wrong.email}
          value={email}
          onValue={(email) => onValues({ ...values, email })}
        />
        <Field
          name="password"
          type="password"
          label={common("password")}
          autocomplete="current-password"
          wrong={wrong.password}
          value={password}
          onValue={(password) => onValues({ ...values, password })}
        />
      </Form>
      {boot.features.passkeys && passkeys.supported() && (
        <>
          <div class="or">{say("or")}</div>
          <Button class="wide" busy={attempt.busy && by === "passkey"} onClick={() => void withPasskey()}>
            {say("with_passkey")}
          </Button>
        </>
      )}
      {(boot.features.mail || boot.features.registration) && (
        <p class="row apart">
          {boot.features.mail && <a href={way("/forgot-password")}>{say("forgotten")}</a>}
          {boot.features.registration && <a href={way("/register")}>{say("register")}</a>}
        </p>
      )}
    </>
  );
}
