import { useState } from "preact/hooks";

import { announce } from "../shell/announce.ts";
import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";

/** Copies a text, and says that it has. */
export function Copy({ text, label = common("copy") }: { text: string; label?: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    let outcome = common("copied");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      outcome = common("copy_failed");
    }
    setSaid(outcome);
    announce(outcome);
    window.setTimeout(() => setSaid(""), 4000);
  };
  return (
    <>
      <Button class="slim" onClick={() => void copy()}>
        {label}
      </Button>
      {said && (
        <span class="muted small" aria-hidden="true">
          {said}
        </span>
      )}
    </>
  );
}
