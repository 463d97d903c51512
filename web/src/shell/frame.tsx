import { Problem } from "@durward/client";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Choices } from "../parts/choices.tsx";
import { boot } from "./boot.ts";
import { server } from "./server.ts";
import { common } from "./texts.ts";

/** Who is signed in, and what their role may do. */
export interface Me {
  id: number;
  email: string;
  name: string | null;
  role: string;
  scopes: string[];
  sessionId: string;
}

/**
 * Asks who is signed in; null where nobody is.
 *
 * @throws Problem when it cannot be asked.
 */
export async function whoAmI(): Promise<Me | null> {
  let status = await server.get("/api/v1/auth/status");
  if (!status.authenticated) {
    // The access token's cookie ends before the session does.
    try {
      await server.refresh();
    } catch (problem) {
      // Only a refusal says that nobody is there; a server that cannot be reached says nothing.
      if (problem instanceof Problem && problem.status === 401) return null;
      throw problem;
    }
    status = await server.get("/api/v1/auth/status");
  }
  const { user, session_id } = status;
  if (!user || !session_id) return null;
  const scopes = "scopes" in status && Array.isArray(status.scopes) ? (status.scopes as string[]) : [];
  return { id: user.id, email: user.email, name: user.full_name ?? null, role: user.role, scopes, sessionId: session_id };
}

/** Whether there is anything in the console for somebody with these scopes: `user` is everybody's, and `app:…` is others'. */
export function mayOperate(scopes: string[]): boolean {
  return scopes.some((scope) => scope === "admin" || (scope.includes(":") && !scope.startsWith("app:")));
}

/** Signs out here, and goes to the sign-in page. */
export async function signOut(): Promise<void> {
  await server.post("/api/v1/auth/logout");
  location.assign("/login");
}

/** The name and the logo of the site. */
export function Brand({ href = boot.afterLogin }: { href?: string }) {
  return (
    <a class="brand" href={href}>
      <img src={boot.brand.logo ? "/ui/logo" : "/ui/icon.svg"} alt="" width="28" height="28" />
      {boot.brand.name}
    </a>
  );
}

/** What is around every page for people who are signed in: the bar above, and the landmarks. */
export function Frame({ me, page, children }: { me: Me; page: "account" | "chat" | "console"; children: ComponentChildren }) {
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    // Going back shows a page as it was left, also to who comes after the one that has signed out: it is asked for anew.
    const shown = (event: PageTransitionEvent) => event.persisted && location.reload();
    addEventListener("pageshow", shown);
    return () => removeEventListener("pageshow", shown);
  }, []);
  const operator = mayOperate(me.scopes);
  const link = (name: "account" | "chat" | "console") => (
    <a href={`/${name}`} aria-current={name === page ? "page" : undefined}>
      {common(name)}
    </a>
  );
  return (
    <>
      <a class="skip" href="#content">
        {common("skip")}
      </a>
      <header class="bar">
        <Brand />
        <nav aria-label={common("menu")}>
          {link("account")}
          {link("chat")}
          {operator && link("console")}
        </nav>
        <Choices />
        <span class="muted small">{me.email}</span>
        <button
          type="button"
          class="button slim"
          aria-busy={busy}
          onClick={() => {
            setBusy(true);
            signOut().catch(() => setBusy(false));
          }}
        >
          {common("sign_out")}
        </button>
      </header>
      {children}
    </>
  );
}

/** The page's title and heading; the focus goes to it when the application shows another page. */
export function Heading({ children, focus = false }: { children: string; focus?: boolean }) {
  useEffect(() => {
    document.title = `${children} – ${boot.brand.name}`;
    if (focus) document.querySelector<HTMLElement>("h1")?.focus();
  }, [children, focus]);
  return <h1 tabIndex={-1}>{children}</h1>;
}
