/** The page and its service worker: what is there without a network, and notices while nobody looks. */

const SCRIPT = "/service-worker.js";
const SCOPE = "/chat";

/** Has the worker keep the page for times without a network. Without one (plain http other than localhost) all else works. */
export function keepShell(): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register(SCRIPT, { scope: SCOPE, updateViaCache: "none" }).catch(() => {
    // Forbidden by the browser or by its user, as in some private windows.
  });
}

/** The worker of this page, once it works; null where there is none. Just after the first visit it is still being installed. */
export async function worker(): Promise<ServiceWorkerRegistration | null> {
  if (!("serviceWorker" in navigator)) return null;
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  if (!registration) return null;
  return registration.active ? registration : navigator.serviceWorker.ready;
}
