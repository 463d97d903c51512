import { useId } from "preact/hooks";

import { formatNumber } from "../format.ts";
import { t, word } from "../texts.ts";
import type { Attempt } from "../types.ts";

/** One thing that spoke against a login. */
interface Signal {
  name: string;
  /** 0 to 1. */
  strength: number;
  /** The score that it makes by itself at full strength. */
  weight: number;
  /** In the server's words. */
  why: string;
}

/** The score and what was decided. */
export function RiskBadge({ attempt }: { attempt: Attempt }) {
  const { risk } = attempt;
  if (!risk) return <span class="muted">–</span>;
  const kind = risk.decision === "deny" ? "bad" : risk.decision === "allow" ? "" : "warn";
  return (
    <span class={`badge ${kind}`}>
      {formatNumber(risk.score)} · {word("decision", risk.decision)}
    </span>
  );
}

/** What spoke against a login, signal by signal, in words. */
export function RiskReasons({ attempt }: { attempt: Attempt }) {
  const id = useId();
  const signals = read(attempt.risk?.signals);
  if (!attempt.risk) return null;
  if (signals.length === 0) return <div class="muted small">{t("risk.nothing")}</div>;
  return (
    <details class="risk">
      <summary id={id}>{t.count("risk.signals", signals.length)}</summary>
      <ul aria-labelledby={id}>
        {signals.map((signal) => (
          <li key={signal.name}>
            <b>{word("signal", signal.name)}</b>{" "}
            <span class="muted small">
              {t("risk.strength", { strength: formatNumber(Math.round(signal.strength * 100)), weight: formatNumber(signal.weight) })}
            </span>
            <p class="small">{t.find(`signal.${signal.name}.about`)}</p>
            <p class="small muted" lang="en">
              {signal.why}
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The document calls the signals JSON of whatever form: what is not as expected is left out. */
function read(signals: unknown): Signal[] {
  if (!Array.isArray(signals)) return [];
  return signals.filter(
    (one): one is Signal =>
      typeof one === "object" &&
      one !== null &&
      typeof one.name === "string" &&
      typeof one.strength === "number" &&
      typeof one.weight === "number" &&
      typeof one.why === "string",
  );
}
