import { type Account, type Page, call, expect, signIn } from "../kit/index.ts";
import type { Server } from "../kit/server.ts";

/** Opens a section of the console as an administrator. */
export async function openAsAdmin(page: Page, server: Server, section: string): Promise<void> {
  await signIn(page, server.admin);
  await page.goto(`/console/${section}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}

/** The number of an account, as the administrator who is signed in sees it. */
export async function idOf(page: Page, account: Account): Promise<number> {
  const answer = await page.request.get("/api/v1/admin/users", { params: { query: account.email } });
  const { items } = (await answer.json()) as { items: { id: number; email: string }[] };
  const found = items.find(({ email }) => email === account.email);
  if (!found) throw new Error(`no account ${account.email}: ${await answer.text()}`);
  return found.id;
}

/** Gives an account a role, by an administrator's browser. */
export async function giveRole(admin: Page, account: Account, role: string): Promise<void> {
  await call(admin, "patch", `/api/v1/admin/users/${await idOf(admin, account)}`, { role });
}

/** A login that fails, from wherever `from` says (behind a trusted proxy). */
export async function failLogin(server: Server, email: string, from?: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(from && { "X-Forwarded-For": from }) },
    body: JSON.stringify({ email, password: "certainly not this one" }),
  });
  expect(answer.status).toBe(401);
}

/** A login that succeeds, as an app does it; gives its access token. */
export async function login(server: Server, account: Account, from?: string): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(from && { "X-Forwarded-For": from }) },
    body: JSON.stringify({ ...account, transport: "bearer" }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { access_token: string }).access_token;
}
