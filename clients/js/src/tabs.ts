/**
 * What the tabs of a browser share, where it lets them: outside of a browser, in private windows and on plain http some or
 * all of it is missing, and each tab is by itself.
 */

const LOCK = "durward-refresh";
const REFRESHED = "durward-refreshed";

/**
 * Does something while no other tab does it. Without locks (plain http other than localhost) tabs may do it at once; the
 * server gives two that renew a session within ten seconds the same answer.
 */
export async function alone<T>(what: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  if (!locks) return what();
  let begun = false;
  try {
    return await locks.request(LOCK, () => {
      begun = true;
      return what();
    });
  } catch (problem) {
    // Where storage is forbidden, locks are there but refuse.
    if (begun) throw problem;
    return what();
  }
}

/** When a tab last renewed the session, in milliseconds since 1970; 0 where that is not known. */
export function lastRefreshed(): number {
  try {
    return Number(localStorage.getItem(REFRESHED) ?? 0);
  } catch {
    return 0;
  }
}

/** Tells the other tabs that the session has been renewed. */
export function noteRefreshed(): void {
  try {
    localStorage.setItem(REFRESHED, String(Date.now()));
  } catch {
    // They will find out by themselves, with a request more.
  }
}
