import { useEffect, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/notice.tsx";
import { useAction } from "../parts/use.ts";
import { Heading } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { boot } from "../shell/boot.ts";
import { say } from "./texts.ts";
import { goOn, onward } from "./ways.ts";

/**
 * Whose session this browser has already; undefined while that is not known, and where there is none.
 *
 * A session outlives its access token. One that could be renewed is gone on with, if somebody was sent here by a page that did
 * not know them any more: they need not even notice. `mayLeave` is asked at that moment.
 */
export function useSignedIn(mayLeave: () => boolean): { email: string | undefined; forget: () => void } {
  const [email, setEmail] = useState<string>();
  useEffect(() => {
    const ask = async () => {
      let status = await server.get("/api/v1/auth/status");
      const renew = !status.user && !new URLSearchParams(location.search).has("reason");
      if (renew) {
        await server.refresh();
        status = await server.get("/api/v1/auth/status");
      }
      if (!status.user || !mayLeave()) return;
      if (renew && boot.returnTo) await goOn();
      setEmail(status.user.email);
    };
    // Whoever is not signed in, or cannot be asked about, sees the form that is there.
    ask().catch(() => {});
  }, []);
  return { email, forget: () => setEmail(undefined) };
}

/** Somebody is signed in already: they go on, or sign out. */
export function SignedIn({ email, onSignedOut }: { email: string; onSignedOut: () => void }) {
  const leaving = useAction(async () => {
    await server.post("/api/v1/auth/logout");
    onSignedOut();
  });
  return (
    <>
      <Heading focus>{say("signed_in.heading")}</Heading>
      <p>{say("signed_in.text", { email })}</p>
      {leaving.problem !== undefined && <Failure problem={leaving.problem} />}
      <a class="button primary wide" href={onward}>
        {say("continue")}
      </a>
      <Button class="wide" busy={leaving.busy} onClick={() => void leaving.run()}>
        {common("sign_out")}
      </Button>
    </>
  );
}
