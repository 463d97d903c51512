import { t, word } from "./texts.ts";
import type { Attempt } from "./types.ts";

/** What a sign stands for; never the colour alone. */
type Kind = "good" | "warn" | "bad" | "";

/** An account's status. */
export function StatusBadge({ status }: { status: string }) {
  const kinds: Record<string, Kind> = { active: "good", pending: "warn", suspended: "bad" };
  return <span class={`badge ${kinds[status] ?? ""}`}>{word("status", status)}</span>;
}

/** How an attempt came out. */
export function ResultBadge({ attempt }: { attempt: Attempt }) {
  return (
    <span class={`badge ${attempt.succeeded ? "good" : "bad"}`}>
      <span aria-hidden="true">{attempt.succeeded ? "✓ " : "✕ "}</span>
      {attempt.succeeded ? t("succeeded") : word("reason", attempt.reason)}
    </span>
  );
}

/** How bad an alert is. */
export function SeverityBadge({ severity }: { severity: string }) {
  const kinds: Record<string, Kind> = { critical: "bad", warning: "warn" };
  const signs: Record<string, string> = { critical: "✕ ", warning: "! " };
  return (
    <span class={`badge ${kinds[severity] ?? ""}`}>
      <span aria-hidden="true">{signs[severity] ?? ""}</span>
      {word("severity", severity)}
    </span>
  );
}
