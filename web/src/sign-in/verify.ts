import { Problem, type components } from "@durward/client";
import { useEffect, useRef } from "preact/hooks";

import { Cancelled, type Action, useAction } from "../parts/use.ts";
import { explain, server } from "../shell/server.ts";
import type { StepProps } from "./flow.tsx";
import { say } from "./texts.ts";

type Shown = Omit<components["schemas"]["SecondFactor"], "challenge_token">;

/** After so many wrong answers the server forgets what it asked. */
const ANSWERS = 5;

/**
 * Shows a second factor. Leads back to the first step when there is no use in going on: when the time is up, after five wrong
 * answers, and when the server knows nothing of it any more.
 */
export function useVerify({ wanted, onAnswer, onOver }: StepProps): Action<[() => Promise<Shown>]> {
  const wrong = useRef(0);
  useEffect(() => {
    const timer = setTimeout(() => onOver(say("second.expired")), wanted.expires_in * 1000);
    return () => clearTimeout(timer);
  }, [wanted]);
  return useAction(async (show: () => Promise<Shown>) => {
    const shown = await show();
    try {
      const body = { challenge_token: wanted.challenge_token, ...shown };
      await onAnswer(await server.post("/api/v1/auth/2fa/verify", { body }));
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
      wrong.current += 1;
      if (problem.code === "challenge_invalid") onOver(explain(problem));
      else if (wrong.current >= ANSWERS) onOver(say("second.too_many"));
      else throw problem;
      throw new Cancelled();
    }
  });
}
