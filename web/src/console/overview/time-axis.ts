import { boot } from "../../shell/boot.ts";

const hours = new Intl.DateTimeFormat(boot.lang, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(boot.lang, { day: "numeric", month: "short" });
const both = new Intl.DateTimeFormat(boot.lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** A moment below a chart: the time of day, and the day where one begins. */
export function formatTick(seconds: number): string {
  const moment = new Date(seconds * 1_000);
  return moment.getHours() === 0 && moment.getMinutes() === 0 ? days.format(moment) : hours.format(moment);
}

/** A moment of a chart in words. */
export function formatMoment(seconds: number): string {
  return both.format(new Date(seconds * 1_000));
}
