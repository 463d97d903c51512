import { call, expect, register, test } from "../kit/index.ts";
import { get, open, visit } from "./kit.ts";

interface Told {
  user: { full_name: string | null };
  profile: Record<string, unknown>;
}

test("a profile is changed, and only what is different is sent", async ({ page, server }) => {
  await open(page, await register(server), "profile");
  await page.getByLabel("Name", { exact: true }).fill("Ann O’Lee");
  await page.getByLabel("Mission statement").fill("Less noise.\nMore tea.");
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await page.getByRole("button", { name: "Save" }).click();
  expect((await sent).postDataJSON()).toEqual({ full_name: "Ann O’Lee", mission_statement: "Less noise.\nMore tea." });
  await expect(page.getByText("Saved.").first()).toBeVisible();

  await page.reload();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Ann O’Lee");
  await page.getByLabel("Mission statement").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.").first()).toBeVisible();
  const told = await get<Told>(page, "/api/v1/profile");
  expect(told.profile.mission_statement).toBeNull();
  expect(told.user.full_name).toBe("Ann O’Lee");
});

test("an object is edited line by line, each value with its kind", async ({ page, server }) => {
  await open(page, await register(server), "profile");
  const goals = page.getByRole("group", { name: "Your goals" });
  const add = async (key: string, kind: string, value: string) => {
    await goals.getByRole("button", { name: "Add a line" }).click();
    const line = goals.getByRole("group").last();
    await expect(line.getByLabel("Name")).toBeFocused();
    await page.keyboard.type(key);
    const named = goals.getByRole("group", { name: key, exact: true });
    await named.getByLabel("Kind").selectOption({ label: kind });
    const field = named.getByLabel("Value");
    if (kind === "Yes or no") await field.selectOption({ label: value });
    else await field.fill(value);
  };
  await add("spring", "Text", "Walk to work");
  await add("steps", "Number", "9500.5");
  await add("with_dog", "Yes or no", "Yes");
  await add("days", "JSON", '["Mon", {"from": 3}]');
  await add("gone", "Text", "soon");
  await goals.getByRole("button", { name: "Remove gone" }).click();
  await expect(goals).toBeFocused();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.").first()).toBeVisible();
  const told = await get<Told>(page, "/api/v1/profile");
  expect(told.profile.personal_goals).toEqual({ spring: "Walk to work", steps: 9500.5, with_dog: true, days: ["Mon", { from: 3 }] });
});

test("what is wrong in an object stands where it is wrong, and nothing is lost", async ({ page, server }) => {
  await open(page, await register(server), "profile");
  await call(page, "put", "/api/v1/profile", { personal_goals: { a: "one", b: 2 } });
  await visit(page, "profile");
  const goals = page.getByRole("group", { name: "Your goals" });
  const save = page.getByRole("button", { name: "Save" });

  await goals.getByRole("group", { name: "b" }).getByLabel("Value").fill("two");
  await goals.getByRole("group", { name: "b" }).getByLabel("Name").fill("a");
  await save.click();
  const second = goals.getByRole("group").nth(1);
  await expect(second.getByLabel("Name")).toHaveAccessibleDescription("There is another line with this name.");
  await expect(second.getByLabel("Name")).toBeFocused();
  await expect(second.getByLabel("Value")).toHaveAccessibleDescription("This is not a number.");
  await expect(page.locator("#announcements")).toHaveText("There is another line with this name. This is not a number.");

  await second.getByLabel("Name").fill("b");
  await goals.getByRole("button", { name: "Edit as JSON" }).click();
  await expect(goals.getByLabel("JSON"), "what cannot be read is not thrown away").toHaveCount(0);
  await second.getByLabel("Value").fill("3");
  await goals.getByRole("button", { name: "Edit as JSON" }).click();
  const json = goals.getByLabel("JSON");
  await expect(json).toHaveValue('{\n  "a": "one",\n  "b": 3\n}');
  for (const [text, why] of [
    ['{"a": ', "This is not JSON."],
    ["[1, 2]", "This has to be a JSON object"],
  ] as const) {
    await json.fill(text);
    await save.click();
    await expect(json).toHaveAccessibleDescription(new RegExp(`^${why}`));
    await expect(json).toHaveValue(text);
  }
  await json.fill('{"c": {"d": null}}');
  await save.click();
  await expect(page.getByText("Saved.").first()).toBeVisible();
  expect((await get<Told>(page, "/api/v1/profile")).profile.personal_goals).toEqual({ c: { d: null } });
  await goals.getByRole("button", { name: "Edit line by line" }).click();
  await expect(goals.getByRole("group", { name: "c" }).getByLabel("Value")).toHaveValue('{"d":null}');
});

test("texts that are too long are refused before they are sent; without a network nothing is lost", async ({ page, context, server }) => {
  await open(page, await register(server), "profile");
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("x".repeat(201));
  await page.getByLabel("Coach's summary").fill("ü".repeat(8193));
  await page.getByRole("button", { name: "Save" }).click();
  await expect(name).toHaveAccessibleDescription("A name has at most 200 characters.");
  await expect(page.getByLabel("Coach's summary")).toHaveAccessibleDescription(/longer than 16 KiB/);
  await name.fill("Ann");
  await page.getByLabel("Coach's summary").fill("Fine.");
  await context.setOffline(true);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("The server cannot be reached.");
  await expect(name).toHaveValue("Ann");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.").first()).toBeVisible();
});
