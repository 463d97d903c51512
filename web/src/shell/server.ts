import { Http, Problem } from "@durward/client";

import { boot } from "./boot.ts";
import { common } from "./texts.ts";

/** The way to the sign-in page and back to here. */
export function signInUrl(reason?: string): string {
  const query = new URLSearchParams({ return_to: location.pathname + location.search });
  if (reason) query.set("reason", reason);
  return `/login?${query}`;
}

/** The server, by cookie. Pages that need somebody lead to the sign-in page when nobody is signed in any more. */
export const server = new Http({
  onSignedOut: (problem) => {
    if (boot.page === "account" || boot.page === "console") location.assign(signInUrl(problem.code));
  },
});

/** A problem in words: those of the page's language where there are some, else the server's. `left`: seconds to wait still. */
export function explain(problem: unknown, left?: number): string {
  if (!(problem instanceof Problem)) return common("problem.unexpected");
  const values = { seconds: left ?? problem.retryAfter ?? 0 };
  const known = common.find(`problem.${problem.code}`, values);
  if (known) return known;
  return problem.detail || common("problem.unexpected");
}
