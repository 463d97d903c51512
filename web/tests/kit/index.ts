import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { type APIRequestContext, type Browser, type BrowserContext, type Page, test as base, expect } from "@playwright/test";

import { Mails } from "./mails.ts";
import { type Account, Server, type Settings } from "./server.ts";

export { expect, type Account, type Page };

interface Options {
  /** What the server is started with, besides what `durward dev` has. */
  settings: Settings;
  /** Whether it has a mail server. */
  withMail: boolean;
}

interface Shared {
  mails: Mails | undefined;
  server: Server;
}

interface Fixtures {
  /** Another browser with nothing in it, watched as the first. */
  second: Page;
}

/** What a page may do without failing the test. Paths of answers with a status of 400 and above that are expected. */
const expectedFailures = /\/api\/v1\/|\/login(\?|$)|\/nowhere/;

/**
 * Lets nothing pass that a page should not do: errors on the console, exceptions, violations of the
 * Content-Security-Policy, requests to others, files that are missing. `others` are origins that belong to the test.
 */
async function watch(context: BrowserContext, server: Server, others: string[] = []): Promise<string[]> {
  const wrong: string[] = [];
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  context.on("console", (message) => {
    // Chromium writes a line for each answer of 400 and above; those are looked at below.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) wrong.push(`console: ${message.text()}`);
    if (message.type() === "error" && message.text().includes("Content Security Policy")) wrong.push(message.text());
  });
  context.on("weberror", (error) => wrong.push(`exception: ${error.error().message}`));
  context.on("request", (request) => {
    if (/^(data|blob):/.test(request.url())) return;
    const { origin } = new URL(request.url());
    if (origin !== server.url && !others.includes(origin)) wrong.push(`foreign request: ${request.url()}`);
  });
  context.on("response", (response) => {
    const path = new URL(response.url()).pathname;
    if (response.status() >= 500) wrong.push(`${response.status()} ${path}`);
    if (response.status() >= 400 && !expectedFailures.test(path)) wrong.push(`${response.status()} ${path}`);
  });
  return wrong;
}

/** Another browser that talks to this server, watched as the first. `close` says whether anything was wrong. */
export async function another(
  browser: Browser,
  server: Server,
  others: string[] = [],
): Promise<{ page: Page; close: () => Promise<void> }> {
  const context = await browser.newContext({
    baseURL: server.url,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
  });
  const wrong = await watch(context, server, others);
  const page = await context.newPage();
  const close = async () => {
    await context.close();
    expect(wrong).toEqual([]);
  };
  return { page, close };
}

/**
 * A test with a real server and a watched browser. One server is shared by the tests of a file and those with the same
 * settings: each test makes its own accounts.
 */
export const test = base.extend<Fixtures, Options & Shared>({
  settings: [{}, { option: true, scope: "worker" }],
  withMail: [false, { option: true, scope: "worker" }],
  mails: [
    async ({ withMail }, use) => {
      const mails = withMail ? await Mails.start() : undefined;
      await use(mails);
      await mails?.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ settings, mails }, use) => {
      const mail: Settings = mails ? { DURWARD_MAIL__URL: mails.url } : {};
      const server = await Server.start({ ...mail, ...settings });
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  context: async ({ context, server }, use) => {
    const wrong = await watch(context, server);
    await use(context);
    expect(wrong).toEqual([]);
  },
  second: async ({ browser, server }, use) => {
    const { page, close } = await another(browser, server);
    await use(page);
    await close();
  },
});

export const PASSWORD = "tangerine sunrise over Oslo";
let count = 0;

/** A new account, by the API. */
export async function register(server: Server, name = "ann"): Promise<Account> {
  count += 1;
  const email = `${name}-${process.pid}-${count}@example.com`;
  const answer = await fetch(`${server.url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password: PASSWORD, full_name: "Ann Lee" }),
  });
  expect([201, 202]).toContain(answer.status);
  return { email, password: PASSWORD };
}

/** Signs in by the API: the page's cookies are set, and no page was needed. */
export async function signIn(page: Page, account: Account): Promise<void> {
  const answer = await page.request.post("/api/v1/auth/login", { data: { email: account.email, password: account.password } });
  expect(answer.status(), await answer.text()).toBe(200);
  expect(((await answer.json()) as { status: string }).status).toBe("authenticated");
}

/** A call that changes something, as the page's user. */
export async function call(
  page: Page,
  method: "post" | "put" | "patch" | "delete",
  path: string,
  data?: unknown,
): ReturnType<APIRequestContext["post"]> {
  const token = (await (await page.request.get("/api/v1/auth/csrf-token")).json()) as { csrf_token: string };
  const answer = await page.request[method](path, { headers: { "X-CSRF-Token": token.csrf_token }, ...(data !== undefined && { data }) });
  expect(answer.status(), `${method} ${path}: ${await answer.text()}`).toBeLessThan(400);
  return answer;
}

/** An authenticator in the browser. */
export interface Authenticator {
  /** Whether its user touches it when it asks. They do, until they are told not to. */
  touched: (enabled: boolean) => Promise<void>;
  /** Forgets all passkeys. */
  empty: () => Promise<void>;
}

/** Puts an authenticator into the browser, which keeps passkeys and makes sure of its user. */
export async function authenticator(page: Page): Promise<Authenticator> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    touched: async (enabled) => void (await devtools.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled })),
    empty: async () => void (await devtools.send("WebAuthn.clearCredentials", { authenticatorId })),
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  violations: { id: string; impact: string; help: string; nodes: { target: string[]; failureSummary: string }[] }[];
}

/** Nobody is kept out: axe finds nothing serious (WCAG 2.2 AA). */
export async function expectNoBarriers(page: Page): Promise<void> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (options: unknown) => Promise<AxeResult> } }).axe.run;
    return run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
  });
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.target.join(" ")} (${node.failureSummary})`).join("; ")}`);
  expect(serious).toEqual([]);
}

/**
 * Looks at the page as it is, on a large screen and on a phone, light and dark: nothing scrolls sideways, nobody is kept out,
 * and a picture of each is kept among the results.
 */
export async function look(page: Page, name: string): Promise<void> {
  for (const [size, width, height] of [
    ["wide", 1440, 900],
    ["phone", 360, 740],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const across = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(across, `${name} scrolls sideways at ${width} px`).toBeLessThanOrEqual(0);
      await expectNoBarriers(page);
      await page.screenshot({ path: `test-results/pictures/${name}-${size}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
}
