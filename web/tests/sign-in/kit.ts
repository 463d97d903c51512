import { Secret, TOTP } from "otpauth";

import { type Account, type Page, call, expect, signIn } from "../kit/index.ts";

/** The first step's form. */
export function form(page: Page) {
  return {
    email: page.getByLabel("E-mail address"),
    password: page.getByLabel("Password", { exact: true }),
    submit: page.getByRole("button", { name: "Sign in", exact: true }),
    passkey: page.getByRole("button", { name: "Sign in with a passkey" }),
  };
}

/** Types the password on the page, and sends it. */
export async function withPassword(page: Page, account: Account, path = "/login"): Promise<void> {
  await page.goto(path);
  const { email, password, submit } = form(page);
  await expect(page.locator("#boot")).toBeAttached();
  await email.fill(account.email);
  await password.fill(account.password);
  await submit.click();
}

/** Somebody is signed in, and has left the sign-in page. */
export async function expectSignedIn(page: Page, email: string, path = "/account"): Promise<void> {
  await page.waitForURL((url) => url.pathname.startsWith(path));
  const status = (await (await page.request.get("/api/v1/auth/status")).json()) as { user?: { email: string } };
  expect(status.user?.email).toBe(email);
}

/** The page has no session. */
export async function expectNobody(page: Page): Promise<void> {
  const status = (await (await page.request.get("/api/v1/auth/status")).json()) as { authenticated: boolean };
  expect(status.authenticated).toBe(false);
}

/** An authenticator app. A server takes the codes of the half minutes before, now and after, each of them once. */
export class App {
  readonly #totp: TOTP;

  constructor(secret: string) {
    this.#totp = new TOTP({ secret: Secret.fromBase32(secret) });
  }

  /** The code of the half minute that is so many after this one. Not at its very end: it might be over when it arrives. */
  async code(after: -1 | 0 | 1): Promise<string> {
    const left = 30_000 - (Date.now() % 30_000);
    if (left < 3_000) await new Promise((done) => setTimeout(done, left));
    return this.#totp.generate({ timestamp: Date.now() + after * 30_000 });
  }
}

/** A code that is wrong. */
export const WRONG = "000000";

/** Turns TOTP on for an account; nobody is signed in afterwards. */
export async function withTotp(page: Page, account: Account): Promise<{ app: App; backupCodes: string[] }> {
  await signIn(page, account);
  const setup = (await (await call(page, "post", "/api/v1/2fa/totp/setup")).json()) as { secret: string };
  const app = new App(setup.secret);
  const enabled = (await (await call(page, "post", "/api/v1/2fa/totp/enable", { code: await app.code(-1) })).json()) as {
    backup_codes: string[];
  };
  await call(page, "post", "/api/v1/auth/logout");
  return { app, backupCodes: enabled.backup_codes };
}

/** Makes a passkey for an account, by a script in the page; nobody is signed in afterwards. */
export async function withPasskey(page: Page, account: Account): Promise<void> {
  await signIn(page, account);
  await page.goto("/login");
  const begun = (await (await call(page, "post", "/api/v1/passkeys/register/begin")).json()) as { ceremony_id: string; publicKey: unknown };
  const credential = await page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json as PublicKeyCredentialCreationOptionsJSON);
    return ((await navigator.credentials.create({ publicKey })) as PublicKeyCredential).toJSON() as unknown;
  }, begun.publicKey);
  await call(page, "post", "/api/v1/passkeys/register/finish", { ceremony_id: begun.ceremony_id, credential });
  await call(page, "post", "/api/v1/auth/logout");
}
