import { expect, look, register, test } from "../kit/index.ts";
import { giveRole, idOf, openAsAdmin } from "./kit.ts";

// To look at a page on two screens and in two colours takes its time where many tests run.
test.setTimeout(120_000);

const SECRET = "nobody should ever see this secret 4711 x9";

test.use({
  settings: {
    DURWARD_TOKENS__SECRET: SECRET,
    DURWARD_ALERTS__LOGIN_FAILURES: "7",
    // Nobody listens there: the breaker of the answering side opens.
    DURWARD_CHAT__ANSWERING: "ollama",
    DURWARD_CHAT__URL: "http://127.0.0.1:9",
    DURWARD_BREAKER__RECOVERY_TIMEOUT: "10m",
  },
});

test("alerts are listed with what they mean", async ({ page, server }) => {
  const ann = await register(server, "alarming");
  await openAsAdmin(page, server, "alerts");
  await giveRole(page, ann, "admin");
  const id = await idOf(page, ann);
  const alert = page.getByRole("row").filter({ has: page.getByRole("link", { name: `User ${id}` }) });
  await expect(async () => {
    await page.reload();
    await expect(alert).toBeVisible({ timeout: 1_500 });
  }).toPass({ timeout: 30_000 });
  await expect(alert).toContainText("New administrator");
  await expect(alert).toContainText("Make sure that this was meant.");
  await expect(alert).toContainText("warning");
  await alert.getByText("Figures").click();
  await expect(alert).toContainText(`"user_id": ${id}`);
  await look(page, "console-alerts");
});

test("settings are searched, say where they are from, and hide what is secret", async ({ page, server }) => {
  await openAsAdmin(page, server, "config");
  await expect(page.getByText(/^1\d\d settings$/)).toBeVisible();
  await page.getByRole("searchbox").fill("tokens.secret");
  await expect(page.getByText("1 setting", { exact: true })).toBeVisible();
  const secret = page.getByRole("row").filter({ hasText: "tokens.secret" });
  await expect(secret).toContainText("hidden");
  await expect(secret).toContainText("environment variable DURWARD_TOKENS__SECRET");
  expect(await page.content()).not.toContain(SECRET);
  await page.getByRole("searchbox").fill("");
  await page.getByLabel("Only what is not the default").check();
  await expect(page).toHaveURL("/console/config?changed=true");
  await expect(page.getByRole("row").filter({ hasText: "alerts.login_failures" })).toContainText("7");
  await expect(page.getByRole("row").filter({ hasText: "alerts.window" })).toHaveCount(0);
  await look(page, "console-config");
  await page.getByRole("searchbox").fill("nothing like this");
  await expect(page.getByText("0 settings")).toBeVisible();
});

test("keys are listed without their private parts", async ({ page, server }) => {
  await openAsAdmin(page, server, "keys");
  const row = page.getByRole("row").nth(1);
  await expect(row).toContainText("HS256");
  await expect(row).toContainText("signs");
  await expect(row).toContainText("configuration");
  await expect(row).toContainText("none: a shared secret");
  expect(await page.content()).not.toContain(SECRET);
  await look(page, "console-keys");
});

test("a breaker that opens is seen in the list, in the tiles and on the chart", async ({ page, server }) => {
  test.setTimeout(150_000);
  await openAsAdmin(page, server, "breakers");
  const row = page.getByRole("row").filter({ hasText: "Answering side" });
  await expect(row).toContainText("closed");
  await expect(row).toContainText("calls go through");
  await page.evaluate(async () => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/ws/chat`);
    let errors = 0;
    await new Promise<void>((done) => {
      socket.onmessage = (event: MessageEvent<string>) => {
        const { type } = JSON.parse(event.data) as { type: string };
        if (type === "error") errors += 1;
        if (errors === 3) done();
        else if (type === "ready" || type === "error") socket.send(JSON.stringify({ type: "message", content: "is anybody there" }));
      };
    });
    socket.close();
  });
  await expect(row).toContainText("open");
  await expect(row).toContainText(/in (9|10) minutes/);
  await look(page, "console-breakers");
  await page.goto("/console/overview");
  await expect(page.getByRole("list", { name: "Figures" })).toContainText("1 open");
  const timeline = page.getByRole("region", { name: "Breaker timeline" });
  await expect(timeline.getByRole("button", { name: "Answering side open" })).toBeVisible({ timeout: 100_000 });
});
