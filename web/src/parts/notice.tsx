import type { ComponentChildren } from "preact";

import { explain } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";
import { useSecondsLeft } from "./use.ts";

/** Something to be noticed. `bad` is read out at once. */
export function Notice({ kind, children }: { kind: "good" | "warn" | "bad" | "plain"; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** What went wrong, in words, and a way to try it again. Where one has to wait, the seconds count down. */
export function Failure({ problem, again }: { problem: unknown; again?: (() => void) | undefined }) {
  const left = useSecondsLeft(problem);
  return (
    <Notice kind="bad">
      <div class="row apart">
        {/* It is read out when it appears, not again with each second. */}
        <span aria-live={left === undefined ? undefined : "off"}>{left === 0 ? common("try_now") : explain(problem, left)}</span>
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
