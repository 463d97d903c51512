import { Problem } from "@durward/client";
import { useEffect } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { useLoaded } from "../parts/use.ts";
import { Brand, Frame, Heading, whoAmI } from "../shell/frame.tsx";
import { signInUrl } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { Chat } from "./chat.tsx";
import { say } from "./texts.ts";

/** How often it is tried again while the server cannot be reached, in milliseconds. */
const AGAIN = 15_000;

/** Finds out who is there before the chat begins. Without a network it says so, and tries again when there is one. */
export function Gate() {
  const me = useLoaded(whoAmI, []);
  useEffect(() => {
    if (me.data === null) location.replace(signInUrl());
  }, [me.data]);
  const { reload } = me;
  const unreachable = me.problem instanceof Problem && me.problem.status === 0;
  useEffect(() => {
    if (!unreachable) return;
    const again = () => void reload();
    addEventListener("online", again);
    const timer = setInterval(again, AGAIN);
    return () => {
      removeEventListener("online", again);
      clearInterval(timer);
    };
  }, [unreachable, reload]);
  if (me.data) {
    return (
      <Frame me={me.data} page="chat">
        <Chat me={me.data} />
      </Frame>
    );
  }
  return (
    <>
      <header class="bar">
        <Brand href="/chat" />
      </header>
      <main id="content" class="chat-gate">
        {me.problem === undefined || (me.busy && !unreachable) ? (
          <Busy />
        ) : (
          <div class="card stack">
            <Heading focus>{unreachable ? say(navigator.onLine ? "unreachable.title" : "offline.title") : say("title")}</Heading>
            {unreachable ? (
              <>
                <p>{say("offline.text")}</p>
                <Button busy={me.busy} onClick={() => void reload()}>
                  {common("retry")}
                </Button>
              </>
            ) : (
              <Failure problem={me.problem} again={() => void reload()} />
            )}
          </div>
        )}
      </main>
    </>
  );
}
