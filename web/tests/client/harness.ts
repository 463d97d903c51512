import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Page } from "../kit/index.ts";
import { DIST } from "../kit/client.ts";

type Client = typeof import("@durward/client");

/** What the page with the client in it has; for use inside of `page.evaluate`. */
export interface Harness {
  client: Client;
  http: import("@durward/client").Http;
  signedOut: string[];
}

const PAGE = `<!doctype html><title>client</title><script type="importmap">
{"imports": {"@durward/client": "/client/index.js"}}
</script><script type="module">
import * as client from "@durward/client";
window.client = client;
window.signedOut = [];
window.http = new client.Http({ onSignedOut: ({ code }) => window.signedOut.push(code) });
</script>`;

/** Puts files of the test beside the server's: the client as it is published, and pages that use it. */
export async function serveClient(page: Page, pages: Record<string, string> = {}): Promise<void> {
  await page.route("**/client/**", (route) => {
    const name = new URL(route.request().url()).pathname.slice("/client/".length);
    const html = name === "page.html" ? PAGE : pages[name];
    if (html !== undefined) return route.fulfill({ body: html, contentType: "text/html" });
    return route.fulfill({ body: readFileSync(join(DIST, name), "utf8"), contentType: "text/javascript" });
  });
}

/** An empty page of the server's origin with the client in it. */
export async function openClient(page: Page): Promise<void> {
  await serveClient(page);
  await page.goto("/client/page.html");
  await page.waitForFunction(() => "http" in window);
}

/** Runs something in the page, with the client. */
export function inPage<T>(page: Page, what: (harness: Harness) => Promise<T> | T): Promise<T> {
  return page.evaluate(`(${what.toString()})(window)`) as Promise<T>;
}

/** Counts the requests to this path that the page makes from now on. */
export function count(page: Page, path: string): () => number {
  let requests = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === path) requests += 1;
  });
  return () => requests;
}
