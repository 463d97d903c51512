import type { Answer } from "@durward/client";

import { common } from "../../shell/texts.ts";
import { readable, t } from "../text.ts";

/** One entry of `GET /api/v1/security/events`. */
export type SecurityEvent = Answer<"get", "/api/v1/security/events">["items"][number];

/** What happened, in words; a word that nobody has translated is shown readable. */
export function titleOf({ event, kind, succeeded, reason }: SecurityEvent): string {
  const outcome = succeeded ? "ok" : "failed";
  return (
    (reason ? t.find(`event.${event}.${reason}`) : undefined) ??
    (kind === "login" ? t.find(`event.${event}.${outcome}`) : undefined) ??
    t.find(`event.${event}`) ??
    readable(event)
  );
}

/** With what it was tried; undefined where it was not tried. */
export function methodOf({ method }: SecurityEvent): string | undefined {
  return method ? (t.find(`method.${method}`) ?? readable(method)) : undefined;
}

/** Why it did not succeed; undefined where it did. */
export function reasonOf({ succeeded, reason }: SecurityEvent): string | undefined {
  if (succeeded !== false || !reason) return undefined;
  return t.find(`reason.${reason}`) ?? common.find(`problem.${reason}`) ?? readable(reason);
}
