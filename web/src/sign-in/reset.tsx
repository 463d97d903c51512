import { Problem } from "@durward/client";
import { useLayoutEffect, useState } from "preact/hooks";

import { useAction } from "../parts/use.ts";
import { Heading } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Done } from "./done.tsx";
import { Form, type Wrong } from "./form.tsx";
import { NewPassword, passwordWrong } from "./new-password.tsx";
import { say } from "./texts.ts";
import { dropToken, takeToken } from "./token.ts";
import { way } from "./ways.ts";

/** Sets a new password with a mailed link. */
export function Reset() {
  const [token] = useState(takeToken);
  const [state, setState] = useState<"form" | "done" | "invalid">(token ? "form" : "invalid");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<Wrong>({});
  useLayoutEffect(() => document.querySelector<HTMLInputElement>('input[name="new-password"]')?.focus(), []);
  const setting = useAction(async () => {
    try {
      await server.post("/api/v1/password/reset", { body: { token, new_password: password } });
      dropToken();
      setState("done");
    } catch (problem) {
      if (problem instanceof Problem && problem.code === "link_invalid") return setState("invalid");
      setWrong({ password: passwordWrong(problem) });
      throw problem;
    }
  });
  if (state === "done") return <Done heading={say("reset.done")} text={say("reset.done.text")} />;
  if (state === "invalid") {
    return (
      <>
        <Heading focus>{say("link.heading")}</Heading>
        <p>{common("problem.link_invalid")}</p>
        <a class="button primary wide" href={way("/forgot-password")}>
          {say("link.again")}
        </a>
      </>
    );
  }
  const submit = () => {
    setWrong(password ? {} : { password: common("required") });
    if (password) void setting.run();
  };
  return (
    <>
      <Heading>{say("reset.heading")}</Heading>
      <p>{say("reset.text")}</p>
      <Form
        submit={say("reset.submit")}
        busy={setting.busy}
        problem={wrong.password ? undefined : setting.problem}
        wrong={wrong}
        onSubmit={submit}
      >
        <NewPassword
          label={say("reset.new_password")}
          hint={say("password.hint")}
          value={password}
          wrong={wrong.password}
          onValue={setPassword}
        />
      </Form>
    </>
  );
}
