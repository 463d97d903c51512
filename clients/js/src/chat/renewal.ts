import type { Http } from "../http.ts";
import { Problem } from "../problem.ts";
import type { FromClient } from "./wire.ts";

/** How long before its end the server warns, in milliseconds. */
const WARNING = 60_000;
/** After how long a renewal that could not be asked for is tried again. */
const AGAIN = 5_000;

/** Lets an open socket go on under a newer token, before the one it has ends. */
export class Renewal {
  readonly #http: Http;
  readonly #send: (message: FromClient) => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(http: Http, send: (message: FromClient) => boolean) {
    this.#http = http;
    this.#send = send;
  }

  /**
   * The server has warned that the token ends. Not at once: many clients would come together that once began together; and a
   * token whose whole life is shorter than the warning would be renewed without a pause.
   */
  warned(expiresAt: string): void {
    const left = Math.min(Math.max(Date.parse(expiresAt) - Date.now(), 1_000), WARNING);
    this.#after(left * (0.2 + 0.2 * Math.random()));
  }

  /** The connection is over. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #after(time: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), time);
  }

  async #renew(): Promise<void> {
    try {
      const token = await this.#http.freshToken();
      if (!this.#over) this.#send({ type: "auth", token });
    } catch (problem) {
      // A session that is over ends the socket by itself, and its end says why.
      const isRefused = problem instanceof Problem && problem.status === 401;
      if (!this.#over && !isRefused) this.#after(AGAIN);
    }
  }
}
