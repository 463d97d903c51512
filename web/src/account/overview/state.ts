import type { Answer, Http } from "@durward/client";

import type { SecurityEvent } from "../activity/words.ts";

/** What the overview is made of. */
export interface State {
  user: Answer<"get", "/api/v1/profile">["user"];
  factors: Answer<"get", "/api/v1/2fa">;
  /** How many there are; `more` when there are more than were counted. */
  sessions: { count: number; more: boolean };
  /** The one before this session's; undefined when it is not among the newest events. */
  lastLogin: SecurityEvent | undefined;
  /** How many sign-ins failed within the last days. */
  failures: number;
  cloned: boolean;
}

/** What counts as lately: so many ms. */
const LATELY = 7 * 86_400_000;

/**
 * Asks for all of it at once.
 *
 * @throws Problem of the first that could not be asked.
 */
export async function load(server: Http, signal: AbortSignal): Promise<State> {
  const [{ user }, factors, sessions, events, passkeys] = await Promise.all([
    server.get("/api/v1/profile", { signal }),
    server.get("/api/v1/2fa", { signal }),
    server.get("/api/v1/sessions", { query: { limit: 100 }, signal }),
    server.get("/api/v1/security/events", { query: { limit: 100 }, signal }),
    server.get("/api/v1/passkeys", { query: { limit: 100 }, signal }),
  ]);
  const logins = events.items.filter((one) => one.kind === "login" && one.event === "login");
  const since = Date.now() - LATELY;
  return {
    user,
    factors,
    sessions: { count: sessions.items.length, more: sessions.next_cursor !== null },
    lastLogin: logins.find((one) => one.succeeded && !one.current),
    failures: logins.filter((one) => failed(one) && new Date(one.at).getTime() > since).length,
    cloned: passkeys.items.some((one) => one.clone_suspected_at !== null),
  };
}

/** A right password that is not enough is no failure. */
function failed({ succeeded, reason }: SecurityEvent): boolean {
  return succeeded === false && reason !== "second_factor_required" && reason !== "second_factor_setup_required";
}
