import { expect, test } from "./kit/index.ts";

test("the server's pages carry a strict policy", async ({ page }) => {
  const answer = await page.goto("/login");
  const policy = answer!.headers()["content-security-policy"]!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
});
