import { boot } from "./boot.ts";

type Values = Record<string, string | number>;

/** The keys of a catalogue. A plural's are `key.one`, `key.other`, … and asked for as `key`. */
type Key<C> = keyof C & string;
type Plural<C> = Key<C> extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

/** Gives the texts of one area in the page's language. */
export interface Texts<C> {
  /** A text, with `{name}` replaced by values. */
  (key: Key<C>, values?: Values): string;
  /** The plural of a text that fits the number, which is `{count}` in it. */
  count(key: Plural<C>, count: number, values?: Values): string;
  /** A text whose key is only known at run time, if there is one. */
  find(key: string, values?: Values): string | undefined;
}

const plural = new Intl.PluralRules(boot.lang);

function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The texts of `area`; `C` is the type of its English file, so that a key that there is not does not compile. */
export function texts<C>(area: string): Texts<C> {
  const catalogue = boot.texts[area] ?? {};
  const find = (key: string, values?: Values) => {
    const text = catalogue[key];
    return text === undefined ? undefined : fill(text, values);
  };
  const get = (key: string, values?: Values) => find(key, values) ?? key;
  const count = (key: string, n: number, values?: Values) => {
    const all = { count: formatNumber(n), ...values };
    return find(`${key}.${plural.select(n)}`, all) ?? get(`${key}.other`, all);
  };
  return Object.assign(get, { count, find }) as Texts<C>;
}

/** What every page says. */
export const common = texts<typeof import("../texts/en/common.json")>("common");

const numbers = new Intl.NumberFormat(boot.lang);
const moments = new Intl.DateTimeFormat(boot.lang, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(boot.lang, { numeric: "auto" });

export function formatNumber(value: number): string {
  return numbers.format(value);
}

/** A date and time, for people. */
export function formatTime(time: string | Date): string {
  return moments.format(new Date(time));
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago, or how long until. */
export function formatAgo(time: string | Date, now: number = Date.now()): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(0, "second");
}
