import type { Pace } from "./backoff.ts";
import type { Patience } from "./connection.ts";
import type { Why } from "./ends.ts";
import type { Outgoing } from "./outbox.ts";
import type { Said } from "./wire.ts";

/** How the socket is, in the words that a page shows. Times are milliseconds since 1970. */
export type ChatState =
  | { is: "closed" }
  | { is: "connecting" }
  | { is: "connected"; user: Said<"ready">["user"]; sessionId: string; since: number; expiresAt: string }
  /** There will be another try; `offline` where the browser says that there is no network. */
  | { is: "waiting"; until: number; why: Why; offline: boolean }
  /** It does not try again by itself: somebody has to sign in, or to ask somebody. */
  | { is: "ended"; why: Why };

/** What a page can listen to. */
export interface ChatEvents {
  /** The state has changed. */
  state: ChatState;
  /** A connection is open. */
  ready: Said<"ready">;
  /** The open connection goes on under a newer token. */
  renewed: Said<"auth.renewed">;
  /** A message or its answer has got further: every one of the next four, and whatever else changes it. */
  outgoing: Outgoing;
  /** The server has kept a message and begins to answer. */
  started: Outgoing;
  /** A piece of an answer has come. */
  delta: { outgoing: Outgoing; delta: string };
  /** An answer is whole. */
  done: Outgoing;
  /** Something was refused. `outgoing` is the message it was about, if it was about one. */
  error: { code: string; detail: string; outgoing: Outgoing | undefined };
}

/** How patient the socket is. What is not given is as the server expects it. */
export interface ChatOptions extends Partial<Patience> {
  /** The pauses between tries. */
  pace?: Pace;
  /** The same where others have to do something first, such as close a window. */
  slowPace?: Pace;
  /** After how long an open connection counts as a good one, in milliseconds: the next pauses are short again. */
  stable?: number;
}
