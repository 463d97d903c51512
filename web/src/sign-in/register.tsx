import { Problem } from "@durward/client";
import { useLayoutEffect, useState } from "preact/hooks";

import { Field } from "../parts/field.tsx";
import { useAction } from "../parts/use.ts";
import { boot } from "../shell/boot.ts";
import { Heading } from "../shell/frame.tsx";
import { explain, server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Done } from "./done.tsx";
import { Flow, type Login } from "./flow.tsx";
import { Form, type Wrong } from "./form.tsx";
import { MailSent } from "./mail-sent.tsx";
import { NewPassword, passwordWrong } from "./new-password.tsx";
import { say } from "./texts.ts";
import { way } from "./ways.ts";

/** What came of it: nothing yet, a mail, or an account that waits for an operator. */
type State = "form" | "mail" | "approval";

/** Opens an account, and signs in where nothing else has to happen first. */
export function Register() {
  const [state, setState] = useState<State>("form");
  const [values, setValues] = useState({ email: "", name: "", password: "" });
  if (!boot.features.registration) {
    return <Done heading={say("register.heading")} text={common("problem.registration_closed")} />;
  }
  const email = values.email.trim();
  if (state === "mail") {
    const again = () => server.post("/api/v1/email/verify/resend", { body: { email } });
    return <MailSent text={say("register.mail", { email })} again={again} />;
  }
  if (state === "approval") return <Done heading={say("register.done")} text={say("register.approval")} />;
  const over = (why?: string) => location.assign(way("/login", why ? { reason: "challenge_invalid" } : {}));
  return (
    <Flow email={email} onOver={over}>
      {(onAnswer) => <RegisterForm values={values} onValues={setValues} onState={setState} onAnswer={onAnswer} />}
    </Flow>
  );
}

interface Values {
  email: string;
  name: string;
  password: string;
}

function RegisterForm({
  values,
  onValues,
  onState,
  onAnswer,
}: {
  values: Values;
  onValues: (values: Values) => void;
  onState: (state: State) => void;
  onAnswer: (answer: Login) => Promise<void>;
}) {
  const { email, name, password } = values;
  const [wrong, setWrong] = useState<Wrong>({});
  useLayoutEffect(() => document.querySelector<HTMLInputElement>('input[name="email"]')?.focus(), []);
  const opening = useAction(async () => {
    const body = { email: email.trim(), password, ...(name.trim() && { full_name: name.trim() }) };
    try {
      const answer = await server.post("/api/v1/auth/register", { body });
      if ("status" in answer) return onState("mail");
      if (answer.user.status === "pending") return onState("approval");
    } catch (problem) {
      setWrong(whatIsWrong(problem));
      throw problem;
    }
    await onAnswer(await server.post("/api/v1/auth/login", { body: { email: email.trim(), password } }));
  });
  const submit = () => {
    const missing = { email: email.trim() ? undefined : common("required"), password: password ? undefined : common("required") };
    setWrong(missing);
    if (!missing.email && !missing.password) void opening.run();
  };
  // What stands beside a field need not stand above the form as well.
  const beside = Object.values(wrong).some((word) => word !== undefined);
  return (
    <>
      <Heading>{say("register.heading")}</Heading>
      <Form
        submit={say("register.submit")}
        busy={opening.busy}
        problem={beside ? undefined : opening.problem}
        wrong={wrong}
        onSubmit={submit}
      >
        <Field
          name="email"
          type="email"
          label={common("email")}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          wrong={wrong.email}
          value={email}
          onValue={(email) => onValues({ ...values, email })}
        />
        <Field
          name="name"
          label={say("register.name")}
          autocomplete="name"
          autocapitalize="words"
          wrong={wrong.name}
          value={name}
          onValue={(name) => onValues({ ...values, name })}
        />
        <NewPassword
          label={common("password")}
          hint={say("password.hint")}
          value={password}
          email={email}
          name={name}
          wrong={wrong.password}
          onValue={(password) => onValues({ ...values, password })}
        />
      </Form>
      <p>
        <a href={way("/login")}>{say("register.have_account")}</a>
      </p>
    </>
  );
}

function whatIsWrong(problem: unknown): Wrong {
  if (!(problem instanceof Problem)) return {};
  return {
    email: problem.code === "email_taken" ? explain(problem) : problem.field("email") && say("wrong.email"),
    name: problem.field("full_name") && say("wrong.name"),
    password: passwordWrong(problem),
  };
}
