import { type Account, type Page, PASSWORD, authenticator, call, expect, look, register, signIn, test } from "../kit/index.ts";
import { SECRET, age } from "../account/kit.ts";
import { failLogin, idOf, login, openAsAdmin } from "./kit.ts";

// To look at a page on two screens and in two colours takes its time where many tests run.
test.setTimeout(120_000);

test.use({ withMail: true, settings: { DURWARD_REGISTRATION__VERIFY_EMAIL: "false", DURWARD_TOKENS__SECRET: SECRET } });

/** Opens a user's page as an administrator. */
async function openUser(page: Page, account: Account): Promise<number> {
  const id = await idOf(page, account);
  await page.goto(`/console/users/${id}`);
  await expect(page.getByRole("heading", { level: 1, name: account.email })).toBeVisible();
  return id;
}

/** Presses a button, and the one of the dialog that asks. */
async function act(page: Page, name: string): Promise<void> {
  await page.getByRole("region", { name: "Actions" }).getByRole("button", { name, exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
}

test("a search stands in the address, and is gone back to", async ({ page, server }) => {
  const [ann, bob] = [await register(server, "searched"), await register(server, "other")];
  await openAsAdmin(page, server, "users");
  await expect(page.getByRole("link", { name: bob.email })).toBeVisible();
  await page.getByRole("searchbox").fill(ann.email);
  await expect(page).toHaveURL(`/console/users?query=${encodeURIComponent(ann.email)}`);
  await expect(page.getByRole("link", { name: bob.email })).toHaveCount(0);
  await page.getByRole("link", { name: ann.email }).click();
  await expect(page.getByRole("heading", { level: 1, name: ann.email })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole("searchbox")).toHaveValue(ann.email);
  await expect(page.getByRole("link", { name: bob.email })).toHaveCount(0);
  await page.getByLabel("Status").selectOption("suspended");
  await expect(page.getByText("Nobody fits this search.")).toBeVisible();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await expect(page).toHaveURL("/console/users");
  await expect(page.getByRole("link", { name: bob.email })).toBeVisible();
  await page.getByLabel("Role").selectOption("admin");
  await expect(page.getByRole("row")).toHaveCount(2);
  await look(page, "console-users");
});

test("a long list comes in pages", async ({ page, server }) => {
  for (let count = 0; count < 53; count += 1) await register(server, "page");
  await openAsAdmin(page, server, "users?query=page-");
  await expect(page.getByRole("row")).toHaveCount(51);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByRole("row")).toHaveCount(54);
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);
});

test("a user's page shows the account and all that belongs to it", async ({ page, second, server }) => {
  const ann = await register(server, "detail");
  await failLogin(server, ann.email);
  await signIn(second, ann);
  await authenticator(second);
  await openAsAdmin(page, server, "users");
  await openUser(page, ann);
  await expect(page.getByRole("region", { name: "Account" })).toContainText("Ann Lee");
  await expect(page.getByRole("region", { name: "Account" })).toContainText("their own account");
  await expect(page.getByRole("region", { name: "Second factors" })).toContainText("Codes of an app (TOTP)off");
  await expect(page.getByRole("region", { name: "Sessions" }).getByRole("row")).toHaveCount(2);
  await expect(page.getByRole("region", { name: "Devices" }).getByRole("row")).toHaveCount(2);
  const attempts = page.getByRole("region", { name: "Login attempts" });
  await expect(attempts.getByRole("row")).toHaveCount(3);
  await expect(attempts).toContainText("wrong address or password");
  await expect(page.getByRole("region", { name: "History" })).toContainText("Registered");
  await look(page, "console-user");
});

test("the signals of a risky login are explained", async ({ page, server }) => {
  const ann = await register(server, "risky");
  for (let count = 0; count < 5; count += 1) await failLogin(server, ann.email);
  for (let count = 0; count < 4; count += 1) await login(server, ann);
  await openAsAdmin(page, server, "users");
  await openUser(page, ann);
  const details = page.getByRole("region", { name: "Login attempts" }).locator("details").first();
  await details.locator("summary").click();
  await expect(details).toContainText("Somebody guesses at this account");
  await expect(details).toContainText(/strength \d+ % of weight 45/);
});

test("who is suspended is out at once, and comes in again when activated", async ({ page, second, server }) => {
  const ann = await register(server, "suspended");
  await signIn(second, ann);
  await second.goto("/account");
  await expect(second.getByRole("heading", { level: 1 })).toBeVisible();
  const bearer = await login(server, ann);
  await openAsAdmin(page, server, "users");
  const id = await openUser(page, ann);
  await page.getByRole("button", { name: "Suspend", exact: true }).click();
  await expect(page.getByRole("dialog")).toContainText("is signed out everywhere at once");
  await page.getByRole("button", { name: "Cancel" }).click();
  await act(page, "Suspend");
  const said = page.getByText(`${ann.email} is suspended.`, { exact: true });
  await expect(said).toBeVisible();
  await expect(page.locator(".said")).toBeFocused();
  await expect(page.getByRole("region", { name: "Account" })).toContainText("suspended");
  const refused = await fetch(`${server.url}/api/v1/profile`, { headers: { Authorization: `Bearer ${bearer}` } });
  expect(refused.status).toBe(401);
  // The other browser's next page leads to the sign-in.
  await second.goto("/account/sessions");
  await second.waitForURL((url) => url.pathname === "/login");
  await expect(page.getByRole("region", { name: "History" })).toContainText("Status changed");
  await expect(page.getByRole("region", { name: "Sessions" })).toContainText("Nobody is signed in.");
  await act(page, "Activate");
  await expect(page.getByText(`${ann.email} is active again.`)).toBeVisible();
  await signIn(second, ann);
  await act(page, "Close account");
  await expect(page.getByText(`The account of ${ann.email} is closed.`)).toBeVisible();
  const { status } = (await (await page.request.get(`/api/v1/admin/users/${id}`)).json()) as { status: string };
  expect(status).toBe("deactivated");
});

test("one session is ended, and then all", async ({ page, second, server }) => {
  const ann = await register(server, "sessions");
  await signIn(second, ann);
  await login(server, ann);
  const bearer = await login(server, ann);
  await openAsAdmin(page, server, "users");
  await openUser(page, ann);
  const sessions = page.getByRole("region", { name: "Sessions" });
  await expect(sessions.getByRole("row")).toHaveCount(4);
  // The newest stands first: it is that of the bearer token.
  await sessions.getByRole("button", { name: "End this session" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await expect(page.getByText(`The session of ${ann.email} has ended.`)).toBeVisible();
  await expect(sessions.getByRole("row")).toHaveCount(3);
  const refused = await fetch(`${server.url}/api/v1/profile`, { headers: { Authorization: `Bearer ${bearer}` } });
  expect(refused.status).toBe(401);
  await act(page, "End all sessions");
  await expect(page.getByText("Done. 2 sessions ended.")).toBeVisible();
  expect((await second.request.get("/api/v1/profile")).status()).toBe(401);
});

test("a role is given, with what it may do; the last administrator stays one", async ({ page, server }) => {
  const ann = await register(server, "promoted");
  await openAsAdmin(page, server, "users");
  const id = await openUser(page, ann);
  await page.getByRole("button", { name: "Change role" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("radio", { name: /^user \(now\)/ })).toBeChecked();
  await expect(dialog.getByRole("button", { name: "Set this role" })).toBeDisabled();
  await dialog.getByRole("radio", { name: /^admin .*everything/ }).check();
  await look(page, "console-role");
  await dialog.getByRole("button", { name: "Set this role" }).click();
  await expect(page.getByText(`${ann.email} has the role “admin” now.`)).toBeVisible();
  await call(page, "patch", `/api/v1/admin/users/${id}`, { role: "user" });

  await openUser(page, server.admin);
  await expect(page.getByText("This is your own account.")).toBeVisible();
  await act(page, "Suspend");
  await expect(page.getByRole("alert")).toHaveText("Somebody else has to be an administrator first.");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("region", { name: "Account" })).toContainText("active");
});

test("what is sensitive asks again who it is when that was long ago", async ({ page, server }) => {
  const ann = await register(server, "stepped");
  await openAsAdmin(page, server, "users");
  await openUser(page, ann);
  await age(page, 60);
  await act(page, "Reset second factors");
  const again = page.getByRole("dialog").filter({ has: page.getByLabel("Password", { exact: true }) });
  await again.getByLabel("Password", { exact: true }).fill(server.admin.password);
  await again
    .getByRole("button")
    .filter({ hasNotText: /cancel|show/i })
    .first()
    .click();
  await expect(page.getByText(`The second factors of ${ann.email} are reset.`)).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("second factors are reset, and a link to set a new password is sent", async ({ page, second, server, mails }) => {
  const ann = await register(server, "helped");
  await signIn(second, ann);
  await second.goto("/account/security");
  await authenticator(second);
  const setup = (await (await call(second, "post", "/api/v1/2fa/totp/setup")).json()) as { secret: string };
  const { TOTP, Secret } = await import("otpauth");
  const code = new TOTP({ secret: Secret.fromBase32(setup.secret) }).generate();
  await call(second, "post", "/api/v1/2fa/totp/enable", { code });
  await openAsAdmin(page, server, "users");
  await openUser(page, ann);
  await expect(page.getByRole("region", { name: "Second factors" })).toContainText("on since");
  await act(page, "Reset second factors");
  await expect(page.getByText(`The second factors of ${ann.email} are reset. 1 session ended.`)).toBeVisible();
  await expect(page.getByRole("region", { name: "Second factors" })).toContainText("(TOTP)off");
  // Without the factor the password is enough again.
  await signIn(second, { email: ann.email, password: PASSWORD });
  await act(page, "Send password reset");
  await expect(page.getByText(`A mail to ${ann.email} is on its way.`)).toBeVisible();
  expect(await mails!.link(ann.email, "reset-password")).toContain("#token=");
});
