/**
 * The chat page's service worker: the page without a network, and what happens when somebody opens a notice.
 *
 * It keeps the page's shell and what that loads, and nothing else: nothing under /api/, and no page with anybody's data – the
 * shell has none, it is the same for everybody.
 */

declare const self: ServiceWorkerGlobalScope;

/** A newer version of this script that keeps things in another way has another number. */
const CACHE = "durward-chat-1";
const SHELL = "/chat";
const PAGE = /^\/chat(\/[^/]*)?$/;
const ASSET = /^\/ui\//;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const answer = await fetch(SHELL, { credentials: "same-origin" });
      await keepShell(answer);
      // Pages that are open work with any version of this worker.
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      await Promise.all(names.filter((name) => name.startsWith("durward-chat-") && name !== CACHE).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && PAGE.test(url.pathname)) event.respondWith(page(event));
  else if (ASSET.test(url.pathname)) event.respondWith(asset(request));
});

/** From the network; without one, the shell that was kept, which says so. */
async function page(event: FetchEvent): Promise<Response> {
  try {
    const answer = await fetch(event.request);
    if (answer.ok) event.waitUntil(keepShell(answer.clone()));
    return answer;
  } catch (problem) {
    const kept = await caches.match(SHELL, { cacheName: CACHE });
    if (kept) return kept;
    throw problem;
  }
}

/** From the network, where the browser's own cache has what never changes under its name; else what was kept. */
async function asset(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (problem) {
    const kept = await caches.match(request.url, { cacheName: CACHE });
    if (kept) return kept;
    throw problem;
  }
}

/** Keeps a shell and all that it loads, and lets go of what an older one loaded. */
async function keepShell(answer: Response): Promise<void> {
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/html")) return;
  // The server's templates write some slashes as references.
  const html = (await answer.clone().text()).replaceAll("&#x2f;", "/");
  const paths = [...html.matchAll(/(?:src|href)="(\/ui\/[^"]+)"/g)].map((match) => match[1]!);
  const cache = await caches.open(CACHE);
  const isNamed = (path: string) => /-[\w-]{8}\.\w+$/.test(path);
  await Promise.all(
    [...new Set(paths)].map(async (path) => {
      // What is named by what is in it is kept once; the brand's look may change.
      if (isNamed(path) && (await cache.match(path))) return;
      const loaded = await fetch(path);
      if (loaded.ok) await cache.put(path, loaded);
    }),
  );
  await cache.put(SHELL, answer);
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (pathname !== SHELL && !paths.includes(pathname)) await cache.delete(url);
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data as { url: string };
  event.waitUntil(
    (async () => {
      const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const open = windows.find((window) => PAGE.test(new URL(window.url).pathname));
      if (!open) {
        await self.clients.openWindow(url);
        return;
      }
      open.postMessage({ show: url });
      await open.focus();
    })(),
  );
});

export {};
