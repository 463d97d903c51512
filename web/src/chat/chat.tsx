import type { Outgoing, Thread } from "@durward/client";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { usePaged } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { Heading, type Me } from "../shell/frame.tsx";
import { server } from "../shell/server.ts";
import { Composer } from "./composer.tsx";
import { type Conversation, Conversations } from "./conversations.tsx";
import { DeleteDialog } from "./delete-dialog.tsx";
import { Drawer, useWide } from "./drawer.tsx";
import { loadDraft, saveDraft } from "./drafts.ts";
import { useKept } from "./kept.ts";
import { Log } from "./log.tsx";
import { Notices } from "./notices.tsx";
import { usePlace } from "./place.ts";
import { StateLine } from "./state-line.tsx";
import { say } from "./texts.ts";
import { useSocket } from "./use-socket.ts";

/** How much of an answer is read out by itself; the rest stands in the log. */
const READ_OUT = 1_000;

/** The chat of somebody who is signed in. */
export function Chat({ me }: { me: Me }) {
  const { id, go, settle } = usePlace();
  const { socket, state, outgoing, drop } = useSocket();
  const wide = useWide();
  const [drawn, setDrawn] = useState(false);
  const [asked, setAsked] = useState<Conversation>();
  const [draft, setDraft] = useState(() => loadDraft(me.id));
  // A new conversation is a thread without an id until its first message has been kept.
  const [fresh, setFresh] = useState<Thread>({});
  const field = useRef<HTMLTextAreaElement>(null);
  const list = usePaged((cursor, signal) => server.get("/api/v1/conversations", { query: { cursor }, signal }), []);
  const kept = useKept(id);

  // Before the page is drawn: whoever leaves it right after the last key has written that, too.
  useLayoutEffect(() => saveDraft(me.id, draft), [me.id, draft]);
  useEffect(() => {
    // Back to the beginning, after a conversation had been begun from there.
    if (id === undefined && fresh.id !== undefined) setFresh({});
  }, [id, fresh]);
  useEffect(() => {
    const known = new Set(kept.messages?.map((message) => message.id));
    if (known.size > 0) drop(({ questionId, answerId }) => known.has(questionId ?? "") && known.has(answerId ?? ""));
  }, [kept.messages]);
  useEffect(() => {
    const isFirst = (of: Outgoing) => list.data?.[0]?.id === of.thread.id;
    const off = [
      socket.on("started", (of) => {
        if (of.thread === fresh && id === undefined && of.thread.id) settle(of.thread.id);
        if (!isFirst(of)) void list.reload();
      }),
      socket.on("done", ({ answer }) => announce(say("said.answer", { text: answer.slice(0, READ_OUT) }))),
      // What was missed in the meantime: other conversations, and answers that came to nobody.
      socket.on("ready", () => void Promise.all([list.reload(), kept.reload()])),
    ];
    return () => off.forEach((stop) => stop());
  }, [socket, fresh, id, list.data, list.reload, kept.reload]);

  useEffect(() => {
    if (asked === undefined) return;
    return () => {
      // The row is gone, and with it the button that had the focus.
      if (document.activeElement === document.body) document.querySelector<HTMLElement>(".chat-begin")?.focus();
    };
  }, [asked]);

  // Once the drawer is gone, which would give the focus back to its button.
  const toField = useRef(false);
  useEffect(() => {
    if (toField.current) field.current?.focus();
    toField.current = false;
  });
  const show = (to: string | undefined) => {
    if (to === undefined) setFresh({});
    setDrawn(false);
    go(to);
    toField.current = true;
  };
  const takeBack = (one: Outgoing) => {
    socket.discard(one);
    drop((other) => other === one);
    setDraft((now) => [one.content, now].filter(Boolean).join("\n\n"));
    field.current?.focus();
  };
  const again = (one: Outgoing) => {
    drop((other) => other === one);
    socket.send(one.content, one.thread);
  };
  const turns = outgoing.filter(({ thread }) => (id === undefined ? thread === fresh : thread.id === id));
  const title = list.data?.find((one) => one.id === id)?.title ?? say(id ? "title" : "new");
  const deleted = async () => {
    await list.reload();
    setAsked(undefined);
    if (asked?.id === id) show(undefined);
  };
  const conversations = <Conversations list={list} current={id} onShow={show} onDelete={setAsked} />;
  return (
    <div class="chat">
      {wide && (
        <nav class="chat-side" aria-label={say("conversations")}>
          {conversations}
        </nav>
      )}
      {!wide && drawn && <Drawer onClose={() => setDrawn(false)}>{conversations}</Drawer>}
      {asked && <DeleteDialog conversation={asked} onDeleted={deleted} onClose={() => setAsked(undefined)} />}
      <main id="content" class="chat-main">
        <div class="chat-head">
          {!wide && (
            <button type="button" class="button slim" aria-haspopup="dialog" onClick={() => setDrawn(true)}>
              {say("conversations")}
            </button>
          )}
          <Heading>{title}</Heading>
        </div>
        <div class={`chat-status ${state.is}`}>
          <StateLine
            state={state}
            onTryNow={() => socket.tryNow()}
            onLeave={() => saveDraft(me.id, [...socket.unsent.map((one) => one.content), draft].filter(Boolean).join("\n\n"))}
          />
          <div hidden={state.is !== "connected"}>
            <Notices socket={socket} onShow={show} />
          </div>
        </div>
        <Log place={id} kept={kept} turns={turns} connected={state.is === "connected"} onTakeBack={takeBack} onAgain={again} />
        <Composer
          field={field}
          text={draft}
          onText={setDraft}
          onSend={(text) => socket.send(text, id === undefined || fresh.id === id ? fresh : { id })}
          ended={state.is === "ended"}
        />
      </main>
    </div>
  );
}
