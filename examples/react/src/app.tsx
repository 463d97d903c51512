import { type Answer, Problem } from "@durward/client";
import { useEffect, useState } from "react";

import { Chat } from "./chat";
import { durward, signInUrl } from "./durward";

type Me = Answer<"get", "/api/v1/profile">;

/** `undefined`: not known yet; `null`: nobody is signed in. */
function useMe() {
  const [me, setMe] = useState<Me | null>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const stop = new AbortController();
    // An access token that has expired is renewed on the way, as with every call.
    durward.get("/api/v1/profile", { signal: stop.signal }).then(setMe, (caught: unknown) => {
      if (stop.signal.aborted) return;
      if (caught instanceof Problem && caught.status === 401) setMe(null);
      else setProblem(caught instanceof Error ? caught.message : String(caught));
    });
    return () => stop.abort();
  }, []);
  return { me, problem, signedOut: () => setMe(null) };
}

export function App() {
  const { me, problem, signedOut } = useMe();
  if (problem !== undefined) return <main role="alert">The server did not answer as it should: {problem}</main>;
  if (me === undefined) return <main aria-busy="true">Loading …</main>;
  if (me === null) {
    return (
      <main>
        <h1>Hello</h1>
        <p>Nobody is signed in.</p>
        <a className="button" href={signInUrl()}>
          Sign in
        </a>
      </main>
    );
  }
  return (
    <main>
      <h1>Hello, {me.user.full_name ?? me.user.email}</h1>
      <dl>
        <dt>E-mail</dt>
        <dd>{me.user.email}</dd>
        <dt>Role</dt>
        <dd>{me.user.role}</dd>
      </dl>
      <Chat />
      <button onClick={() => void durward.post("/api/v1/auth/logout").then(signedOut)}>Sign out</button>
    </main>
  );
}
