import type { Http } from "../http.ts";
import { Problem } from "../problem.ts";
import { type End, ofClose, ofProblem } from "./ends.ts";
import type { FromClient, FromServer } from "./wire.ts";

/** How patient a connection is, in milliseconds. */
export interface Patience {
  /** How long the server may be silent before it is asked whether it is there. */
  silence: number;
  /** How long it may take to answer then. */
  pong: number;
  /** How long it may take until the connection is open. */
  ready: number;
}

/** Who is told what happens. After `end` nothing more comes. */
export interface Listener {
  said: (message: FromServer) => void;
  end: (end: End) => void;
}

/** One connection, from its ticket to its end. */
export class Connection {
  readonly #http: Http;
  readonly #patience: Patience;
  readonly #listener: Listener;
  readonly #stop = new AbortController();
  #socket: WebSocket | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(http: Http, patience: Patience, listener: Listener) {
    this.#http = http;
    this.#patience = patience;
    this.#listener = listener;
    void this.#open();
  }

  /** Says something, if the connection is open. */
  send(message: FromClient): boolean {
    if (this.#over || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Asks whether the server is there: a connection can be dead for a long time before anybody tells. */
  probe(): void {
    if (this.#deadline === undefined && this.send({ type: "ping" })) this.#giveUpAfter(this.#patience.pong);
  }

  /** Closes it without a word to the listener. */
  close(): void {
    this.#finish();
  }

  async #open(): Promise<void> {
    this.#giveUpAfter(this.#patience.ready);
    let ticket: string;
    try {
      // A ticket even where the cookie would do: what is wrong with the session is said here in a way that a page can read,
      // and an access token that has expired is renewed. Where the cookie does not come along, the ticket lets us in.
      ({ ticket } = await this.#http.post("/api/v1/ws/ticket", { signal: this.#stop.signal }));
    } catch (problem) {
      this.#finish(problem instanceof Problem ? ofProblem(problem) : { then: "wait", reason: "unexpected" });
      return;
    }
    if (this.#over) return;
    const socket = new WebSocket(address(this.#http.baseUrl, ticket));
    this.#socket = socket;
    socket.onmessage = (event: MessageEvent<string>) => {
      this.#heard();
      this.#listener.said(JSON.parse(event.data) as FromServer);
    };
    socket.onclose = ({ code, reason }) => this.#finish(ofClose(code, reason));
  }

  #heard(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.probe(), this.#patience.silence);
  }

  #giveUpAfter(time: number): void {
    this.#deadline = setTimeout(() => this.#finish({ then: "wait", reason: "no_answer" }), time);
  }

  #finish(end?: End): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#silence);
    this.#stop.abort();
    if (this.#socket) {
      // A close that nobody answers takes a minute, and nobody waits for it.
      this.#socket.onmessage = null;
      this.#socket.onclose = null;
      this.#socket.close();
    }
    if (end) this.#listener.end(end);
  }
}

/** Where the socket is: beside the rest of the API. */
function address(baseUrl: string, ticket: string): string {
  const base = new URL(baseUrl || "/", globalThis.location?.href);
  const url = `${base.href.replace(/\/$/, "").replace(/^http/, "ws")}/api/v1/ws/chat`;
  return `${url}?${new URLSearchParams({ ticket })}`;
}
