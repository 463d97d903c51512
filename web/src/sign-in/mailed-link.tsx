import { Problem } from "@durward/client";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/notice.tsx";
import { useAction } from "../parts/use.ts";
import { Heading } from "../shell/frame.tsx";
import { common } from "../shell/texts.ts";
import { say } from "./texts.ts";
import { dropToken, takeToken } from "./token.ts";

/**
 * What a mailed link does, at the press of a button: programs that look into mails open links as well, and must not use them up.
 */
export function MailedLink({
  heading,
  text,
  use,
  done,
  invalid,
}: {
  heading: string;
  text: string;
  /** Uses the token, and says what came of it. */
  use: (token: string) => Promise<void>;
  /** What is shown then. */
  done: ComponentChildren;
  /** What is shown where the link does not work. */
  invalid?: ComponentChildren;
}) {
  const [token] = useState(takeToken);
  const [state, setState] = useState<"ask" | "done" | "invalid">(token ? "ask" : "invalid");
  const using = useAction(async () => {
    try {
      await use(token);
      dropToken();
      setState("done");
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.code !== "link_invalid") throw problem;
      setState("invalid");
    }
  });
  if (state === "done") return <>{done}</>;
  if (state === "invalid") {
    return (
      <>
        <Heading focus>{say("link.heading")}</Heading>
        <p>{common("problem.link_invalid")}</p>
        {invalid}
      </>
    );
  }
  return (
    <>
      <Heading>{heading}</Heading>
      <p>{text}</p>
      {using.problem !== undefined && <Failure problem={using.problem} />}
      <Button kind="primary" class="wide" busy={using.busy} onClick={() => void using.run()}>
        {say("confirm")}
      </Button>
    </>
  );
}
