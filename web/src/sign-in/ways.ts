import { boot } from "../shell/boot.ts";

/** The address of another of these pages, which leads to the same place in the end. */
export function way(path: "/login" | "/register" | "/forgot-password", query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query);
  if (boot.returnTo) search.set("return_to", boot.returnTo);
  return search.size > 0 ? `${path}?${search}` : path;
}

/** Where to, after signing in. */
export const onward = boot.returnTo || boot.afterLogin;

/** Goes there, and never comes back: whoever waits for it stays busy until the page is gone. */
export function goOn(): Promise<never> {
  location.assign(onward);
  return new Promise(() => {});
}
