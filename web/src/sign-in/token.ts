const PREFIX = "#token=";

/**
 * The token of the mailed link by which somebody came. It leaves the address bar at once, so that it is not copied or seen; the
 * entry of the history keeps it, so that it is still there when the page comes anew in another language.
 */
export function takeToken(): string {
  // Another link, opened in this very tab, changes nothing but what stands behind the #.
  window.addEventListener("hashchange", () => location.reload());
  if (location.hash.startsWith(PREFIX)) {
    const token = location.hash.slice(PREFIX.length);
    history.replaceState({ token }, "", location.pathname + location.search);
    return token;
  }
  const state = history.state as { token?: unknown } | null;
  return typeof state?.token === "string" ? state.token : "";
}

/** It is used up. */
export function dropToken(): void {
  history.replaceState(null, "");
}
