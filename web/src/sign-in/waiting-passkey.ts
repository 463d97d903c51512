import { type Answer, Problem, passkeys } from "@durward/client";
import { useEffect, useRef } from "preact/hooks";

import { boot } from "../shell/boot.ts";
import { server } from "../shell/server.ts";

type Login = Answer<"post", "/api/v1/auth/passkey/login/finish">;

/** What offers passkeys under the form's field. */
export interface WaitingPasskey {
  /** Begins to offer them, unless it does already. */
  start: () => void;
  /** Ends it, so that something else can begin. */
  stop: () => void;
}

/**
 * Offers passkeys among the suggestions of the e-mail field for as long as the form is there. It fails silently, but for a
 * passkey that somebody chose and the server does not take.
 */
export function useWaitingPasskey(onAnswer: (answer: Login) => void, onRefused: (problem: Problem) => void): WaitingPasskey {
  const running = useRef<AbortController>(undefined);
  const wait = async (mine: AbortController) => {
    try {
      if (!(await passkeys.conditionalSupported()) || mine.signal.aborted) return;
      onAnswer(await passkeys.signIn(server, { conditional: true, signal: mine.signal }));
    } catch (error) {
      if (error instanceof Problem && isRefusal(error) && !mine.signal.aborted) onRefused(error);
    } finally {
      if (running.current === mine) running.current = undefined;
    }
  };
  const start = () => {
    if (running.current || !boot.features.passkeys) return;
    running.current = new AbortController();
    void wait(running.current);
  };
  const stop = () => {
    running.current?.abort();
    running.current = undefined;
  };
  useEffect(() => {
    start();
    return stop;
  }, []);
  return { start, stop };
}

/** Whether somebody chose a passkey and is not let in. What keeps passkeys from being offered at all is nobody's trouble yet. */
function isRefusal({ status, code }: Problem): boolean {
  return status === 401 || (status === 403 && code !== "method_unavailable" && code !== "origin_denied");
}
