import type { Answer } from "./calls.ts";
import type { Http } from "./http.ts";
import { Problem } from "./problem.ts";
import { creationOptions, credentialJson, requestOptions } from "./webauthn-json.ts";

/** How to ask for a passkey at a sign-in. */
export interface SignInOptions {
  /**
   * Offers passkeys among the suggestions of a field with `autocomplete="username webauthn"` and waits there until one is
   * chosen, for as long as that takes. Without it the browser asks at once, in a dialog.
   */
  conditional?: boolean;
  /** Ends it: the browser has one request for a passkey at a time, so what waits is ended before another begins. */
  signal?: AbortSignal;
  /** Whose passkeys to ask for; without it the authenticator offers those it has for this site. */
  email?: string;
}

/** After this many ms a request that waits is put anew: the server forgets it after five minutes. */
const FRESH = 4 * 60_000;

/** Whether this browser can use passkeys here; it cannot on plain http, but for localhost. */
export function supported(): boolean {
  return typeof PublicKeyCredential === "function" && typeof navigator.credentials?.get === "function";
}

/** Whether it can offer passkeys among a field's suggestions. */
export async function conditionalSupported(): Promise<boolean> {
  if (!supported() || typeof PublicKeyCredential.isConditionalMediationAvailable !== "function") return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

/**
 * Signs in with a passkey. The cookies are set afterwards.
 *
 * @throws Problem `passkey_cancelled` when the user did not want to, `passkey_unsupported` when the browser cannot, and what the
 *   server says: `invalid_passkey`, `account_suspended`, …
 * @throws DOMException `AbortError` when `signal` ended it.
 */
export async function signIn(http: Http, options: SignInOptions = {}): Promise<Answer<"post", "/api/v1/auth/passkey/login/finish">> {
  const { signal, email } = options;
  let mediation: CredentialMediationRequirement | undefined = options.conditional ? "conditional" : undefined;
  for (;;) {
    const asked = await http.post("/api/v1/auth/passkey/login/begin", { body: email ? { email } : {}, signal });
    const since = Date.now();
    const credential = await waiting(asked.publicKey, mediation, signal);
    if (credential === "stale") continue;
    if (mediation && Date.now() - since > FRESH) {
      // The computer slept in between. Somebody has just chosen a passkey, so they are asked for it again at once.
      mediation = undefined;
      continue;
    }
    return http.post("/api/v1/auth/passkey/login/finish", { body: { ceremony_id: asked.ceremony_id, credential }, signal });
  }
}

/**
 * Answers the `publicKey` of a second-factor challenge or of any other request: gives the `credential` to send back.
 *
 * @throws as {@link signIn}
 */
export function answerChallenge(publicKey: unknown, signal?: AbortSignal): Promise<unknown> {
  return get({ publicKey: options(() => requestOptions(publicKey)), signal });
}

/**
 * Makes a passkey for the user who is signed in. Where it is the account's first second factor, backup codes come with it.
 *
 * @throws Problem as {@link signIn}; `passkey_known` when this authenticator has one for the account already; and
 *   `reauthentication_required`.
 */
export async function register(http: Http, name?: string): Promise<Answer<"post", "/api/v1/passkeys/register/finish">> {
  const asked = await http.post("/api/v1/passkeys/register/begin");
  const publicKey = options(() => creationOptions(asked.publicKey));
  let made: Credential | null;
  try {
    made = await navigator.credentials.create({ publicKey });
  } catch (error) {
    throw problem(error);
  }
  const body = { ceremony_id: asked.ceremony_id, credential: json(made), ...(name && { name }) };
  return http.post("/api/v1/passkeys/register/finish", { body });
}

/**
 * Shows again who is signed in, so that what needs a recent authentication works.
 *
 * @throws as {@link signIn}
 */
export async function reauthenticate(http: Http, signal?: AbortSignal): Promise<void> {
  const asked = await http.post("/api/v1/auth/reauthenticate/passkey", { signal });
  const credential = await answerChallenge(asked.publicKey, signal);
  await http.post("/api/v1/auth/reauthenticate", { body: { method: "passkey", ceremony_id: asked.ceremony_id, credential }, signal });
}

/** Waits for the answer; where it may take long, no longer than the server remembers what was asked. */
async function waiting(
  publicKey: unknown,
  mediation: CredentialMediationRequirement | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (!mediation) return answerChallenge(publicKey, signal);
  const mine = new AbortController();
  const end = () => mine.abort(signal?.reason);
  let stale = false;
  const timer = setTimeout(() => {
    stale = true;
    mine.abort();
  }, FRESH);
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  try {
    return await get({ publicKey: options(() => requestOptions(publicKey)), mediation, signal: mine.signal });
  } catch (error) {
    if (stale) return "stale";
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

async function get(request: CredentialRequestOptions): Promise<unknown> {
  try {
    return json(await navigator.credentials.get(request));
  } catch (error) {
    if (request.signal?.aborted) throw new DOMException("ended", "AbortError");
    throw problem(error);
  }
}

function json(credential: Credential | null): unknown {
  if (!credential) throw new Problem(0, { code: "passkey_cancelled" });
  return credentialJson(credential as PublicKeyCredential);
}

function options<T>(read: () => T): T {
  if (!supported()) throw new Problem(0, { code: "passkey_unsupported" });
  try {
    return read();
  } catch (error) {
    throw problem(error);
  }
}

/** What a browser throws, as a problem. */
function problem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof DOMException ? error.name : "";
  const detail = error instanceof Error ? error.message : String(error);
  // A user who says no, one who waits too long and an authenticator without a passkey look the same, on purpose.
  const cancelled = name === "NotAllowedError" || name === "AbortError";
  const code = cancelled ? "passkey_cancelled" : name === "InvalidStateError" ? "passkey_known" : "passkey_unsupported";
  return new Problem(0, { code, detail });
}
