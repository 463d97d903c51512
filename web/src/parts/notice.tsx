import type { ComponentChildren } from "preact";

import { explain } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";

/** Something to be noticed. `bad` is read out at once. */
export function Notice({ kind, children }: { kind: "good" | "warn" | "bad" | "plain"; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** What went wrong, in words, and a way to try it again. */
export function Failure({ problem, again }: { problem: unknown; again?: (() => void) | undefined }) {
  return (
    <Notice kind="bad">
      <div class="row apart">
        <span>{explain(problem)}</span>
        {again && (
          <Button class="slim" onClick={again}>
            {common("retry")}
          </Button>
        )}
      </div>
    </Notice>
  );
}

/** Something is on its way. */
export function Busy({ text = common("loading") }: { text?: string }) {
  return (
    <div class="busy" role="status">
      {text}
    </div>
  );
}
