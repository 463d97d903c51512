import { backoff } from "./chat/backoff.ts";
import { Connection } from "./chat/connection.ts";
import type { End, Why } from "./chat/ends.ts";
import type { ChatEvents, ChatOptions, ChatState } from "./chat/events.ts";
import { Outbox, type Outgoing, type Thread } from "./chat/outbox.ts";
import { Renewal } from "./chat/renewal.ts";
import type { FromServer, Said } from "./chat/wire.ts";
import type { Http } from "./http.ts";
import { Problem } from "./problem.ts";

/**
 * The chat over a WebSocket that stays: it gets a ticket for each connection, connects again after a pause that grows, renews
 * the session in place, keeps what has not been sent, and says in the end why there is nothing more to try.
 */
export class ChatSocket {
  readonly #http: Http;
  readonly #options: Required<ChatOptions>;
  readonly #listeners: { [K in keyof ChatEvents]?: Set<(event: ChatEvents[K]) => void> } = {};
  readonly #outbox = new Outbox();
  #state: ChatState = { is: "closed" };
  #connection: Connection | undefined;
  #renewal: Renewal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  /** Whether the session was renewed because the last connection was refused. */
  #renewed = false;
  /** Whose messages these are. */
  #userId: number | undefined;

  constructor(http: Http, options: ChatOptions = {}) {
    this.#http = http;
    this.#options = {
      silence: 25_000,
      pong: 8_000,
      ready: 15_000,
      pace: { first: 1_000, longest: 30_000 },
      slowPace: { first: 10_000, longest: 60_000 },
      stable: 10_000,
      ...options,
    };
  }

  get state(): ChatState {
    return this.#state;
  }

  /** The messages that have not been sent, the oldest first. */
  get unsent(): readonly Outgoing[] {
    return this.#outbox.unsent;
  }

  /** Listens; what it gives stops that. */
  on<K extends keyof ChatEvents>(type: K, listener: (event: ChatEvents[K]) => void): () => void {
    const listeners: Set<(event: ChatEvents[K]) => void> = (this.#listeners[type] ??= new Set() as never);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Connects, and stays connected until {@link close}. */
  open(): void {
    if (this.#state.is !== "closed" && this.#state.is !== "ended") return;
    this.close();
    globalThis.addEventListener?.("online", this.#online);
    globalThis.addEventListener?.("offline", this.#offline);
    this.#attempt = 0;
    this.#renewed = false;
    this.#connect();
  }

  /** Closes, for good or until {@link open}. What has not been sent is kept. */
  close(): void {
    globalThis.removeEventListener?.("online", this.#online);
    globalThis.removeEventListener?.("offline", this.#offline);
    clearTimeout(this.#timer);
    this.#drop("closed");
    this.#become({ is: "closed" });
  }

  /** Tries again at once instead of waiting. */
  tryNow(): void {
    if (this.#state.is === "waiting") this.#connect();
    else if (this.#state.is === "ended") this.open();
  }

  /** Asks an open connection whether it still is one, as after a long sleep. */
  probe(): void {
    if (this.#state.is === "connected") this.#connection?.probe();
  }

  /** Sends a message, now or as soon as that is possible. Without a thread it begins a new conversation. */
  send(content: string, thread: Thread = {}): Outgoing {
    const outgoing = this.#outbox.add(content, thread);
    this.#emit("outgoing", outgoing);
    this.#sendNext();
    return outgoing;
  }

  /** Takes back a message that has not been sent. */
  discard(outgoing: Outgoing): boolean {
    return this.#outbox.discard(outgoing);
  }

  readonly #online = () => {
    if (this.#state.is === "waiting") this.#connect();
    else this.probe();
  };

  readonly #offline = () => {
    if (this.#state.is === "waiting") this.#become({ ...this.#state, offline: true });
    else this.probe();
  };

  #connect(): void {
    clearTimeout(this.#timer);
    this.#become({ is: "connecting" });
    const connection = new Connection(this.#http, this.#options, {
      said: (message) => this.#said(message),
      end: (end) => void this.#ended(end),
    });
    this.#connection = connection;
    this.#renewal = new Renewal(this.#http, (message) => connection.send(message));
  }

  #said(message: FromServer): void {
    switch (message.type) {
      case "ready":
        return this.#ready(message);
      case "auth.expiring":
        return this.#renewal?.warned(message.expires_at);
      case "auth.renewed":
        if (this.#state.is === "connected") this.#become({ ...this.#state, expiresAt: message.expires_at });
        return this.#emit("renewed", message);
      case "pong":
        return;
    }
    const outgoing = this.#outbox.hear(message);
    if (outgoing) this.#emit("outgoing", outgoing);
    if (message.type === "error") this.#emit("error", { code: message.code, detail: message.detail, outgoing });
    else if (outgoing && message.type === "message.started") this.#emit("started", outgoing);
    else if (outgoing && message.type === "message.delta") this.#emit("delta", { outgoing, delta: message.delta });
    else if (outgoing) this.#emit("done", outgoing);
    this.#sendNext();
  }

  #ready(message: Said<"ready">): void {
    if (this.#userId !== undefined && this.#userId !== message.user.id) {
      // What one user wrote must not be sent in the name of another.
      this.#drop("user_changed");
      return this.#end({ reason: "user_changed" });
    }
    this.#userId = message.user.id;
    this.#renewed = false;
    const { user, session_id: sessionId, expires_at: expiresAt } = message;
    this.#become({ is: "connected", user, sessionId, since: Date.now(), expiresAt });
    this.#emit("ready", message);
    this.#sendNext();
  }

  async #ended(end: End): Promise<void> {
    const was = this.#state;
    if (was.is === "connected" && Date.now() - was.since >= this.#options.stable) this.#attempt = 0;
    this.#drop(end.reason);
    if (end.then === "end" || (end.then === "renew" && this.#renewed)) return this.#end(end);
    if (end.then === "wait") return this.#wait(end);
    this.#renewed = true;
    this.#become({ is: "connecting" });
    try {
      await this.#http.refresh();
    } catch (problem) {
      if (this.#state.is !== "connecting" || this.#connection) return;
      if (problem instanceof Problem && problem.status === 401) return this.#end({ reason: lastWord(end.reason, problem.code) });
      this.#renewed = false;
      return this.#wait(problem instanceof Problem ? { reason: problem.code, retryAfter: problem.retryAfter } : end);
    }
    if (this.#state.is === "connecting" && !this.#connection) this.#connect();
  }

  #wait({ reason, retryAfter, slowly = false }: Why & { slowly?: boolean }): void {
    const pace = slowly ? this.#options.slowPace : this.#options.pace;
    const pause = Math.max(backoff(this.#attempt, pace), (retryAfter ?? 0) * 1_000);
    this.#attempt += 1;
    const offline = globalThis.navigator?.onLine === false;
    this.#become({ is: "waiting", until: Date.now() + pause, why: { reason, retryAfter }, offline });
    this.#timer = setTimeout(() => this.#connect(), pause);
  }

  #end({ reason }: Why): void {
    this.#become({ is: "ended", why: { reason } });
  }

  /** Lets go of the connection. */
  #drop(reason: string): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#renewal?.stop();
    const interrupted = this.#outbox.interrupt(reason);
    if (interrupted) this.#emit("outgoing", interrupted);
  }

  #sendNext(): void {
    if (this.#state.is !== "connected") return;
    const sent = this.#outbox.next((message) => this.#connection?.send(message) ?? false);
    if (sent) this.#emit("outgoing", sent);
  }

  #become(state: ChatState): void {
    if (state.is === "closed" && this.#state.is === "closed") return;
    this.#state = state;
    this.#emit("state", state);
  }

  #emit<K extends keyof ChatEvents>(type: K, event: ChatEvents[K]): void {
    for (const listener of [...(this.#listeners[type] ?? [])]) listener(event);
  }
}

/** What the refused renewal says is newer, except that the browser throws cookies away when their time is over. */
function lastWord(closed: string, refused: string): string {
  return closed === "token_expired" && refused === "token_missing" ? closed : refused;
}
