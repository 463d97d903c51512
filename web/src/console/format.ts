import { boot } from "../shell/boot.ts";
import { formatNumber } from "../shell/texts.ts";
import { t } from "./texts.ts";

const short = new Intl.NumberFormat(boot.lang, { maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat(boot.lang, { timeStyle: "medium" });
const exact = new Intl.DateTimeFormat(boot.lang, { dateStyle: "medium", timeStyle: "medium" });
const countries = new Intl.DisplayNames(boot.lang, { type: "region" });

/** A time of day, to the second. */
export function formatClock(time: string): string {
  return clock.format(new Date(time));
}

/** A date and time, to the second. */
export function formatExact(time: string): string {
  return exact.format(new Date(time));
}

/** How long something took, from microseconds: `830 µs`, `4.2 ms`, `1.3 s`. */
export function formatMicroseconds(value: number): string {
  if (value < 1_000) return `${short.format(value)} µs`;
  if (value < 1_000_000) return `${short.format(value / 1_000)} ms`;
  return `${short.format(value / 1_000_000)} s`;
}

/** How long something has been going on, from seconds. */
export function formatSpan(seconds: number): string {
  if (seconds < 120) return t.count("seconds", Math.round(seconds));
  if (seconds < 7_200) return t.count("minutes", Math.round(seconds / 60));
  if (seconds < 172_800) return t.count("hours", Math.round(seconds / 3_600));
  return t.count("days", Math.round(seconds / 86_400));
}

/** A country's name, from its two letters. */
export function formatCountry(code: string): string {
  try {
    return countries.of(code) ?? code;
  } catch {
    // What is no country's code cannot be named.
    return code;
  }
}

export { formatNumber };
