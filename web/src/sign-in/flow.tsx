import type { Answer, components } from "@durward/client";
import type { ComponentChildren, FunctionComponent } from "preact";
import { useState } from "preact/hooks";

import { Challenge } from "./challenge.tsx";
import { goOn } from "./ways.ts";

/** What the server says to a sign-in: that it is complete, or what else it wants. */
export type Login = Answer<"post", "/api/v1/auth/login">;
/** What else it wants. */
export type Wanted = components["schemas"]["SecondFactorAnswer"];

/** What a further step is given. */
export interface StepProps {
  wanted: Wanted;
  email: string;
  onAnswer: (answer: Login) => Promise<void>;
  /** The step was not taken; in words why not, unless it was by choice. */
  onOver: (why?: string) => void;
}

type Stage =
  | { at: "start" }
  | { at: "second"; wanted: Wanted; Step: FunctionComponent<StepProps> }
  | { at: "codes"; codes: string[]; Codes: FunctionComponent<{ codes: string[]; email: string }> };

/**
 * The steps of a sign-in, from the first one, which the caller has, to wherever somebody wanted to go. What few people see is
 * loaded when it is needed.
 */
export function Flow({
  email,
  onOver,
  children,
}: {
  email: string;
  onOver: (why?: string) => void;
  children: (onAnswer: (answer: Login) => Promise<void>) => ComponentChildren;
}) {
  const [stage, setStage] = useState<Stage>({ at: "start" });
  const onAnswer = async (answer: Login) => {
    if ("challenge_token" in answer) {
      const Step = answer.setup ? (await import("./second-factor-setup.ts")).Setup : Challenge;
      setStage({ at: "second", wanted: answer, Step });
    } else if (answer.backup_codes?.length) {
      const { Codes } = await import("./second-factor-setup.ts");
      setStage({ at: "codes", codes: answer.backup_codes, Codes });
    } else {
      await goOn();
    }
  };
  if (stage.at === "second") {
    const over = (why?: string) => {
      setStage({ at: "start" });
      onOver(why);
    };
    return <stage.Step wanted={stage.wanted} email={email} onAnswer={onAnswer} onOver={over} />;
  }
  if (stage.at === "codes") return <stage.Codes codes={stage.codes} email={email} />;
  return <>{children(onAnswer)}</>;
}
