import { Problem } from "./problem.ts";

/** The header that carries a CSRF token, to the server and back. */
export const CSRF_HEADER = "X-CSRF-Token";

/**
 * The CSRF token that goes with requests which change something: the one in the server's cookie, which other tabs may have
 * renewed; for pages of other origins, which cannot read that, the one that came with the last answer.
 */
export class CsrfToken {
  #value: string | undefined;
  #asked: Promise<string> | undefined;
  readonly #baseUrl: string;
  /** Those that did not hold. */
  readonly #stale = new Set<string>();

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /**
   * The one there is, or one asked for now.
   *
   * @throws Problem when the server did not give one.
   */
  async get(): Promise<string> {
    const known = this.#known();
    if (known !== undefined) return known;
    this.#asked ??= this.#ask().finally(() => (this.#asked = undefined));
    return this.#asked;
  }

  /** Takes the one that came with an answer. */
  see(answer: Response): void {
    const fresh = answer.headers.get(CSRF_HEADER);
    if (fresh) this.#value = fresh;
  }

  /** This one did not hold: it is too old, or of a session that is over. */
  forget(token: string): void {
    this.#stale.add(token);
  }

  /** A cookie of that name may be somebody else's, where the page and the server are not of one origin. */
  #known(): string | undefined {
    return [inCookie(), this.#value].find((token) => token !== undefined && !this.#stale.has(token));
  }

  async #ask(): Promise<string> {
    const answer = await fetch(`${this.#baseUrl}/api/v1/auth/csrf-token`, { credentials: "include" });
    if (!answer.ok) throw await Problem.of(answer);
    const body = (await answer.json()) as { csrf_token: string };
    this.#value = body.csrf_token;
    return body.csrf_token;
  }
}

/** The readable cookie, with its prefix where cookies are secure. */
function inCookie(): string | undefined {
  if (typeof document === "undefined") return undefined;
  for (const cookie of document.cookie.split("; ")) {
    const [name, value] = cookie.split("=", 2);
    if (value && (name === "csrf_token" || name === "__Host-csrf_token" || name === "__Secure-csrf_token")) {
      return decodeURIComponent(value);
    }
  }
  return undefined;
}
