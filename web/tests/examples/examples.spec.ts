import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { build, preview } from "vite";

import { another, expect, expectNoBarriers, register, test } from "../kit/index.ts";
import { Server } from "../kit/server.ts";
import { freePort } from "../kit/port.ts";

for (const name of ["react", "svelte"]) {
  test(`the ${name} example, built, on an origin of its own: sign in, profile, chat, sign out`, async ({ browser }) => {
    test.slow();
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const server = await Server.start({ DURWARD_CORS__ALLOWED_ORIGINS: origin });
    const root = resolve(import.meta.dirname, "../../../examples", name);
    const outDir = mkdtempSync(join(tmpdir(), "durward-example-"));
    process.env.VITE_DURWARD = server.url;
    await build({ root, logLevel: "warn", build: { outDir, emptyOutDir: true } });
    const app = await preview({ root, logLevel: "warn", build: { outDir }, preview: { port, strictPort: true, host: "localhost" } });
    const { page, close } = await another(browser, server, [origin]);
    const account = await register(server);

    await page.goto(origin);
    await expect(page.getByText("Nobody is signed in.")).toBeVisible();
    await page.getByRole("link", { name: "Sign in" }).click();
    await expect(page).toHaveURL(`${server.url}/login?return_to=${encodeURIComponent(`${origin}/`)}`);
    await page.getByLabel("E-mail address").fill(account.email);
    await page.getByRole("textbox", { name: "Password" }).fill(account.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();

    await expect(page).toHaveURL(`${origin}/`);
    await expect(page.getByRole("heading", { name: "Hello, Ann Lee" })).toBeVisible();
    await expect(page.getByText(account.email)).toBeVisible();
    await expect(page.getByRole("status")).toHaveText("connected");
    await page.getByLabel("Message").fill("hello from elsewhere");
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByRole("listitem")).toHaveText("hello from elsewhere hello from elsewhere");
    await page.getByLabel("Message").fill("and again");
    await page.getByLabel("Message").press("Enter");
    await expect(page.getByRole("listitem").last()).toHaveText("and again and again");
    await expectNoBarriers(page);

    // A reload finds the session again; so does a call whose access token has expired.
    await page.context().clearCookies({ name: "access_token" });
    await page.reload();
    await expect(page.getByRole("heading", { name: "Hello, Ann Lee" })).toBeVisible();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByText("Nobody is signed in.")).toBeVisible();
    await page.reload();
    await expect(page.getByText("Nobody is signed in.")).toBeVisible();

    await close();
    await app.close();
    await server.stop();
    rmSync(outDir, { recursive: true, force: true });
  });
}
