import { t } from "../texts.ts";
import type { Finding } from "../types.ts";

/** What the throw-away user does, in order; the walk ends at the first step that fails, and always removes its traces. */
const STEPS = [
  "csrf_token",
  "register",
  "login",
  "profile",
  "refresh",
  "websocket_echo",
  "logout",
  "token_is_dead",
  "traces_removed",
] as const;

type State = "ok" | "failing" | "skipped";

/** The steps of the walk as a small path of its own. */
export function Steps({ check }: { check: Finding }) {
  if (check.status === "skipped") return null;
  const states = judge(check);
  if (!states) return null;
  const signs = { ok: "✓", failing: "✕", skipped: "–" };
  return (
    <ol class="steps small" aria-label={t("steps")}>
      {STEPS.map((step, at) => {
        const state = states[at] ?? "skipped";
        return (
          <li key={step} class={state}>
            <span aria-hidden="true">{signs[state]}</span> {t(`step.${step}`)}
            <span class="unseen">: {t(`check.${state}`)}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** The finding of a walk that failed names each step that did, as `step: why; step: why`; nothing where it could not begin. */
function judge(check: Finding): State[] | undefined {
  const failed = (step: string) => check.status === "failing" && new RegExp(`(^|; )${step}: `).test(check.found);
  if (check.status === "failing" && !STEPS.some(failed)) return undefined;
  const last = STEPS.length - 1;
  const first = STEPS.findIndex((step, at) => at < last && failed(step));
  return STEPS.map((step, at) => {
    if (failed(step)) return "failing";
    return first >= 0 && at > first && at < last ? "skipped" : "ok";
  });
}
