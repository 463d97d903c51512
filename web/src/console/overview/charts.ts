import { formatMicroseconds, formatNumber } from "../format.ts";
import { t, word } from "../texts.ts";
import type { Series } from "../types.ts";

/** A chart: what the server counts under `name`, and how it is drawn. */
export interface Chart {
  name: ChartName;
  /** Whether a value holds until the next one, so that it is drawn in steps. */
  stepped?: boolean;
  /** Whether 0 means that nothing was measured, and not that it took no time. */
  gaps?: boolean;
  /** Whether no rows mean that it was at 0 all the time. */
  rests?: boolean;
  /** The words for parts of the labels. */
  words?: string[];
}

export type ChartName =
  | "logins"
  | "second_factors"
  | "requests"
  | "request_time"
  | "token_checks"
  | "token_check_time"
  | "sockets"
  | "revocation_lag"
  | "risk_decisions"
  | "risk_signals"
  | "breakers"
  | "hash_queue"
  | "nodes";

/** All of them, in the order they are shown. */
export const CHARTS: Chart[] = [
  { name: "logins", words: ["method", "reason"] },
  { name: "second_factors", words: ["method", "reason"] },
  { name: "request_time", gaps: true },
  { name: "requests" },
  { name: "token_check_time", gaps: true },
  { name: "token_checks" },
  { name: "sockets", stepped: true, rests: true },
  { name: "revocation_lag", stepped: true, rests: true },
  { name: "risk_decisions", words: ["decision"] },
  { name: "risk_signals", words: ["signal"] },
  { name: "breakers", stepped: true, words: ["breaker"] },
  { name: "hash_queue", stepped: true, rests: true },
  { name: "nodes", stepped: true },
];

/** One line of a chart as it is drawn: its name in words, and a value for each time; null where nothing was measured. */
export interface Line {
  label: string;
  values: (number | null)[];
}

/** A chart's data as it is drawn. */
export interface Drawn {
  /** When each step begins, in seconds since 1970. */
  times: number[];
  lines: Line[];
  unit: string;
}

/** More lines than there are patterns cannot be told apart. */
const MOST_LINES = 8;

/** Prepares what the server gave: names in words, the largest lines first, the smallest ones put together. */
export function draw(chart: Chart, series: Series): Drawn {
  const start = new Date(series.since).getTime() / 1_000;
  const end = new Date(series.until).getTime() / 1_000;
  // Of the minute that is not over nothing was written down yet.
  const over = Math.floor(Date.now() / 60_000) * 60;
  const steps = Math.max(0, Math.ceil((Math.min(end, over) - start) / series.step));
  const times = Array.from({ length: steps }, (_, at) => start + at * series.step);
  const sum = (line: Series["lines"][number]) => line.values.reduce((all, one) => all + one, 0);
  // What is at rest is not written down.
  const given = series.lines.length === 0 && chart.rests ? [{ label: "", values: times.map(() => 0) }] : series.lines;
  const lines = series.unit === "count" && given.length > 1 ? [...given].sort((one, other) => sum(other) - sum(one)) : [...given];
  const shown = lines.length > MOST_LINES ? lines.slice(0, MOST_LINES - 1) : lines;
  const rest = lines.slice(shown.length);
  const drawn: Line[] = shown.map(({ label, values }) => ({
    label: nameOf(chart, label),
    values: chart.gaps ? values.map((value) => value || null) : values,
  }));
  if (rest.length > 0) {
    const values = times.map((_, at) => rest.reduce((all, line) => all + (line.values[at] ?? 0), 0));
    drawn.push({ label: t("chart.others"), values });
  }
  return { times, lines: drawn, unit: series.unit };
}

function nameOf(chart: Chart, label: string): string {
  if (label === "") return t(`chart.${chart.name}`);
  const parts = label.split("/");
  return parts.map((part, at) => (chart.words ? word(chart.words[at] ?? "reason", part) : part)).join(": ");
}

/** A value in its unit, in words. */
export function formatValue(unit: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (unit === "microseconds") return formatMicroseconds(value);
  if (unit === "milliseconds") return formatMicroseconds(value * 1_000);
  if (unit === "state") return t(value >= 2 ? "state.open" : value >= 1 ? "state.half_open" : "state.closed");
  return formatNumber(value);
}
