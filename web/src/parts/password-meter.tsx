import type { Answer } from "@durward/client";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { announce } from "../shell/announce.ts";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";

type Strength = Answer<"post", "/api/v1/password/strength">;

/** So many ms after the last letter the server is asked. */
const PAUSE = 250;

/**
 * How hard a new password is to guess, as the server judges it, while it is typed. Where it cannot be asked nothing is shown:
 * it judges again when the form is sent.
 */
export function PasswordMeter({ password, email, name }: { password: string; email?: string; name?: string }) {
  const id = useId();
  const [strength, setStrength] = useState<Strength>();
  const said = useRef("");
  useEffect(() => {
    if (password === "") {
      setStrength(undefined);
      return;
    }
    const mine = new AbortController();
    const ask = async () => {
      const body = { password, ...(email && { email }), ...(name && { full_name: name }) };
      try {
        setStrength(await server.post("/api/v1/password/strength", { body, signal: mine.signal }));
      } catch {
        if (!mine.signal.aborted) setStrength(undefined);
      }
    };
    const timer = setTimeout(() => void ask(), PAUSE);
    return () => {
      clearTimeout(timer);
      mine.abort();
    };
  }, [password, email, name]);

  const words = strength && judgement(strength);
  useEffect(() => {
    // Read out when the judgement changes, and not with every letter.
    if (words && words !== said.current) announce(`${common("strength")}: ${words}`);
    said.current = words ?? "";
  }, [words]);

  if (!strength || !words) return <div class="strength" aria-hidden="true" />;
  return (
    <div class="strength" data-score={strength.score} data-acceptable={strength.acceptable}>
      <div
        class="strength-bar"
        role="meter"
        aria-labelledby={`${id}-label`}
        aria-valuemin={0}
        aria-valuemax={4}
        aria-valuenow={strength.score}
        aria-valuetext={words}
      >
        {[1, 2, 3, 4].map((step) => (
          <span key={step} class={step <= Math.max(strength.score, 1) ? "on" : ""} />
        ))}
      </div>
      <span class="small">
        <span id={`${id}-label`} class="muted">
          {common("strength")}:
        </span>{" "}
        {words}
      </span>
    </div>
  );
}

/** In words: why it would be refused, or how good it is. */
function judgement({ acceptable, code, score }: Strength): string {
  if (!acceptable) return common.find(`strength.${code}`) ?? common("strength.weak");
  return common.find(`strength.${score}`) ?? common("strength.3");
}
