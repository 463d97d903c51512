import type { Answer, Call, Params, PathFor, Verb } from "./calls.ts";
import { CSRF_HEADER, CsrfToken } from "./csrf.ts";
import { Problem } from "./problem.ts";
import { alone, lastRefreshed, noteRefreshed } from "./tabs.ts";

/** How to reach a server. */
export interface Options {
  /** The server's origin, such as `https://auth.example.com`; the page's own when it is not given. */
  baseUrl?: string;
  /** Called when a request was refused because nobody is signed in any more, with the reason's code. */
  onSignedOut?: (problem: Problem) => void;
}

/** A session is over for good when a renewal is refused; these are worth one. A changed role revokes tokens, not sessions. */
const RENEWABLE = ["token_expired", "token_missing", "token_revoked"];

/** A renewal holds up the other tabs, so that it may not hang: in milliseconds. */
const RENEWAL_TIMEOUT = 20_000;

/**
 * Requests to the server by cookie. Brings CSRF tokens along, renews the session when the access token has expired, and
 * turns every refusal into a thrown {@link Problem}. A path that the server's OpenAPI document does not list does not compile.
 */
export class Http {
  readonly baseUrl: string;
  readonly csrf: CsrfToken;
  readonly #onSignedOut: ((problem: Problem) => void) | undefined;
  #refreshing: Promise<string | undefined> | undefined;

  constructor(options: Options = {}) {
    this.baseUrl = (options.baseUrl ?? "").replace(/\/+$/, "");
    this.csrf = new CsrfToken(this.baseUrl);
    this.#onSignedOut = options.onSignedOut;
  }

  get<P extends PathFor<"get">>(path: P, call: Call<"get", P> = {}): Promise<Answer<"get", P>> {
    return this.#call("get", path, call, json<Answer<"get", P>>);
  }
  post<P extends PathFor<"post">>(path: P, call: Call<"post", P> = {}): Promise<Answer<"post", P>> {
    return this.#call("post", path, call, json<Answer<"post", P>>);
  }
  put<P extends PathFor<"put">>(path: P, call: Call<"put", P> = {}): Promise<Answer<"put", P>> {
    return this.#call("put", path, call, json<Answer<"put", P>>);
  }
  patch<P extends PathFor<"patch">>(path: P, call: Call<"patch", P> = {}): Promise<Answer<"patch", P>> {
    return this.#call("patch", path, call, json<Answer<"patch", P>>);
  }
  delete<P extends PathFor<"delete">>(path: P, call: Call<"delete", P> = {}): Promise<Answer<"delete", P>> {
    return this.#call("delete", path, call, json<Answer<"delete", P>>);
  }

  /**
   * Gets a file. `onProgress` is told after each piece how many bytes have come.
   *
   * @throws Problem as every call; `network` also when the file breaks off.
   */
  download<P extends PathFor<"get">>(path: P, call: Call<"get", P> & { onProgress?: (bytes: number) => void } = {}): Promise<Blob> {
    return this.#call("get", path, call, (response) => blob(response, call.onProgress));
  }

  /**
   * Renews the session by its refresh token: the access token's cookie is fresh afterwards. Calls that come together
   * share one request, in this tab and over all tabs.
   *
   * @throws Problem when the session is over (401), or when it could not be asked (429, 503, no network).
   */
  async refresh(): Promise<void> {
    await this.#refreshOnce(true);
  }

  /**
   * Renews the session and gives the new access token, for what needs the token itself: an open socket goes on with it.
   *
   * @throws Problem as {@link refresh} does.
   */
  async freshToken(): Promise<string> {
    // Another tab's renewal renews the cookies for all, but only that tab was told the token.
    const token = (await this.#refreshOnce(false)) ?? (await this.#refreshOnce(false));
    if (token === undefined) throw new Problem(0, { code: "unexpected", detail: "The session was renewed without a token." });
    return token;
  }

  #refreshOnce(orByAnotherTab: boolean): Promise<string | undefined> {
    this.#refreshing ??= this.#refresh(orByAnotherTab).finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Gives the new access token; undefined where another tab has renewed the session while this one waited for it. */
  async #refresh(orByAnotherTab: boolean): Promise<string | undefined> {
    const asked = Date.now();
    return alone(async () => {
      if (orByAnotherTab && lastRefreshed() > asked) return undefined;
      const signal = AbortSignal.timeout(RENEWAL_TIMEOUT);
      const renewed = await this.#once("post", "/api/v1/auth/refresh", { signal }, json<Answer<"post", "/api/v1/auth/refresh">>);
      noteRefreshed();
      return renewed.access_token;
    });
  }

  async #call<V extends Verb, P extends PathFor<V>, R>(verb: V, path: P, call: Call<V, P>, read: Read<R>): Promise<R> {
    try {
      return await this.#once(verb, path, call, read);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
      // The access token's cookie lives as long as the token: one that expired is missing.
      if (!RENEWABLE.includes(problem.code)) {
        if (problem.code.startsWith("token_") || problem.code === "account_inactive") this.#onSignedOut?.(problem);
        throw problem;
      }
    }
    try {
      await this.refresh();
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 401) this.#onSignedOut?.(problem);
      throw problem;
    }
    return this.#once(verb, path, call, read);
  }

  /** One request, and a second one where the CSRF token did not hold. */
  async #once<V extends Verb, P extends PathFor<V>, R>(verb: V, path: P, call: Call<V, P>, read: Read<R>): Promise<R> {
    const token = verb === "get" ? undefined : await reached(this.csrf.get());
    try {
      return await this.#send(verb, path, call, read, token);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.code !== "csrf_failed" || token === undefined) throw problem;
      this.csrf.forget(token);
      return this.#send(verb, path, call, read, await reached(this.csrf.get()));
    }
  }

  async #send<V extends Verb, P extends PathFor<V>, R>(
    verb: V,
    path: P,
    call: Call<V, P>,
    read: Read<R>,
    csrf: string | undefined,
  ): Promise<R> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (csrf !== undefined) headers[CSRF_HEADER] = csrf;
    if (call.body !== undefined) headers["Content-Type"] = "application/json";
    const asked = fetch(this.baseUrl + target(path, call), {
      method: verb.toUpperCase(),
      credentials: "include",
      headers,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.signal && { signal: call.signal }),
    });
    const response = await reached(asked);
    this.csrf.see(response);
    if (!response.ok) throw await Problem.of(response);
    return reached(read(response));
  }
}

/** Takes the body of an answer that succeeded. */
type Read<R> = (response: Response) => Promise<R>;

/** The caller says what type it is: the document's. */
async function json<T>(response: Response): Promise<T> {
  const text = await response.text();
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new Problem(response.status, { code: "unexpected", detail: "The answer is not JSON." });
  }
}

async function blob(response: Response, onProgress?: (bytes: number) => void): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const type = response.headers.get("Content-Type") ?? "";
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
    pieces.push(piece.value);
    bytes += piece.value.length;
    onProgress?.(bytes);
  }
  return new Blob(pieces, { type });
}

/** What does not come, comes as a {@link Problem}; what was called off stays an `AbortError`. */
async function reached<T>(what: Promise<T>): Promise<T> {
  try {
    return await what;
  } catch (cause) {
    if (cause instanceof Problem || (cause instanceof DOMException && cause.name === "AbortError")) throw cause;
    throw Problem.network(cause);
  }
}

/** The path with its parameters filled in, and the query behind it. */
function target(template: string, { path = {}, query = {} }: { path?: Params; query?: Params }): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}
