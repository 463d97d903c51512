import { type Page, expect, look, register, signIn, test } from "../kit/index.ts";
import { giveRole, idOf, openAsAdmin } from "./kit.ts";

// To look at a page on two screens and in two colours takes its time where many tests run.
test.setTimeout(120_000);

test.use({
  settings: {
    DURWARD_ROLES__AUDITOR__SCOPES: "audit:read",
    DURWARD_ROLES__SUPPORT__SCOPES: "users:read,users:write",
    DURWARD_ROLES__SHOP__SCOPES: "app:orders",
  },
});

const menu = (page: Page) => page.getByRole("navigation", { name: "Sections" }).getByRole("link");

test("who may nothing there sees no link to the console, and is told so in it", async ({ page, server }) => {
  await signIn(page, await register(server));
  await page.goto("/account");
  await expect(page.getByRole("link", { name: "Account", exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "Console" })).toHaveCount(0);
  for (const path of ["/console", "/console/users", "/console/users/1"]) {
    await page.goto(path);
    await expect(page.getByText("Your role “user” may not see anything of it.")).toBeVisible();
    await expect(page.getByRole("navigation", { name: "Sections" })).toHaveCount(0);
  }
  await look(page, "console-refused");
});

test("nobody is led to the sign-in page and back", async ({ page }) => {
  await page.goto("/console/users?query=ann");
  await page.waitForURL((url) => url.pathname === "/login" && url.searchParams.get("return_to") === "/console/users?query=ann");
});

test("an administrator sees every section", async ({ page, server }) => {
  await openAsAdmin(page, server, "users");
  await expect(menu(page)).toHaveCount(12);
  await page.getByRole("link", { name: "Account", exact: true }).click();
  await page.waitForURL("**/account");
  await page.getByRole("link", { name: "Console" }).click();
  await page.waitForURL("**/console/overview");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
});

test("a role with few scopes sees its sections, and a word about the others", async ({ page, second, server }) => {
  const ann = await register(server, "auditor");
  await signIn(second, server.admin);
  await giveRole(second, ann, "auditor");
  await signIn(page, ann);
  await page.goto("/console");
  await page.waitForURL("**/console/feed");
  await expect(menu(page)).toHaveText(["Live events", "Places", "Login attempts", "Audit trail"]);
  await page.goto("/console/keys");
  await expect(page.getByText("your role “auditor” lacks the scope keys:read")).toBeVisible();
  await page.goto("/console/audit");
  await expect(page.getByRole("table")).toBeVisible();
  // Without users:read a user is a number, and no link that leads nowhere.
  await expect(page.getByRole("cell", { name: "User 1", exact: true }).first()).toBeVisible();
  await expect(page.getByRole("link", { name: "User 1", exact: true })).toHaveCount(0);
});

test("support sees users, not their sessions, and cannot touch an administrator", async ({ page, second, server }) => {
  const [ann, bob] = [await register(server, "support"), await register(server, "bob")];
  await signIn(second, server.admin);
  await giveRole(second, ann, "support");
  const [admin, user] = [await idOf(second, server.admin), await idOf(second, bob)];
  await signIn(page, ann);
  await page.goto(`/console/users/${user}`);
  await expect(page.getByText("it needs the scope sessions:read").first()).toBeVisible();
  await expect(page.getByText("it needs the scope audit:read").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "End all sessions" })).toHaveCount(0);
  await page.goto(`/console/users/${admin}`);
  await page.getByRole("button", { name: "Suspend" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Suspend" }).click();
  await expect(page.getByRole("alert")).toHaveText("You are not allowed to do this.");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a scope for other services opens nothing here", async ({ page, second, server }) => {
  const ann = await register(server, "shop");
  await signIn(second, server.admin);
  await giveRole(second, ann, "shop");
  await signIn(page, ann);
  await page.goto("/console");
  await expect(page.getByText("Your role “shop” may not see anything of it.")).toBeVisible();
  await page.goto("/account");
  await expect(page.getByRole("link", { name: "Console" })).toHaveCount(0);
});

test("what is not there says so", async ({ page, server }) => {
  await openAsAdmin(page, server, "users/999999");
  await expect(page.getByRole("alert")).toContainText("This does not exist any more.");
  expect((await page.request.get("/console/nowhere")).status()).toBe(404);
});

test("it speaks German as well", async ({ page, server }) => {
  await openAsAdmin(page, server, "checks");
  await page.getByLabel("Language").selectOption("de");
  await expect(page.getByRole("heading", { level: 1, name: "Goldener Pfad" })).toBeVisible();
  await expect(page.getByText("Der Pfad ist begehbar.", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Benutzer" }).click();
  await expect(page.getByLabel("Teil einer Adresse oder eines Namens")).toBeVisible();
});
