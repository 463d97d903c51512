import { Problem } from "@durward/client";
import { useEffect } from "preact/hooks";

import { Busy, Failure } from "../parts/notice.tsx";
import { useLoaded } from "../parts/use.ts";
import { Brand, Frame, Heading, whoAmI } from "../shell/frame.tsx";
import { signInUrl } from "../shell/server.ts";
import { Chat } from "./chat.tsx";
import { say } from "./texts.ts";

/** Finds out who is there before the chat begins. Without a network it says so, and tries again when there is one. */
export function Gate() {
  const me = useLoaded(whoAmI, []);
  useEffect(() => {
    if (me.data === null) location.replace(signInUrl());
  }, [me.data]);
  const { reload } = me;
  useEffect(() => {
    const again = () => void reload();
    addEventListener("online", again);
    return () => removeEventListener("online", again);
  }, [reload]);
  if (me.data) {
    return (
      <Frame me={me.data} page="chat">
        <Chat me={me.data} />
      </Frame>
    );
  }
  const unreachable = me.problem instanceof Problem && me.problem.status === 0;
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
            <Heading focus>{unreachable ? say("offline.title") : say("title")}</Heading>
            {unreachable && <p>{say("offline.text")}</p>}
            <Failure problem={me.problem} again={() => void reload()} />
          </div>
        )}
      </main>
    </>
  );
}
