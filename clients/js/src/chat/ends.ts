import type { Problem } from "../problem.ts";

/** Why there is no connection, as a stable word: one of the server's codes, or one of those below. */
export interface Why {
  /**
   * What to decide by: the reason with which the server closed (docs/sockets.md), the code with which it refused a request
   * (docs/errors.md), or `network` (nothing could be reached), `no_answer` (the connection is there, but nobody answers) or
   * `user_changed` (somebody else has signed in in this browser).
   */
  reason: string;
  /** In how many seconds the server wants to be asked again. */
  retryAfter?: number | undefined;
}

/**
 * What the end of a connection means for the next one: `renew` – once the session has been renewed; `wait` – after a pause,
 * `slowly` where others have to do something first; `end` – not before somebody has done something about it.
 */
export interface End extends Why {
  then: "renew" | "wait" | "end";
  slowly?: boolean;
}

const RENEWABLE = ["token_expired", "token_revoked", "token_missing"];
const SLOW = ["rate_limited", "too_many_connections"];

/** What a close frame means (RFC 6455 section 7.4; the reasons are the server's). */
export function ofClose(code: number, reason: string): End {
  if (code === 1008) {
    if (RENEWABLE.includes(reason)) return { then: "renew", reason };
    if (SLOW.includes(reason)) return { then: "wait", reason, slowly: true };
    return { then: "end", reason: reason || "refused" };
  }
  // What the server does not understand would not be understood the next time. A message that is too big is not sent again.
  if (code === 1002 || code === 1003 || code === 1007) return { then: "end", reason: reason || "protocol_error" };
  return { then: "wait", reason: reason || "network" };
}

/** What it means that no ticket was given. The session has been renewed by then, if that was possible. */
export function ofProblem(problem: Problem): End {
  const { status, code, retryAfter } = problem;
  if (status === 401 || code === "origin_denied" || code === "forbidden") return { then: "end", reason: code };
  return { then: "wait", reason: code, retryAfter, slowly: status === 429 };
}
