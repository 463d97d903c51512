import { ChatSocket, type ChatState, type Outgoing, type Thread } from "@durward/client";
import { useEffect, useRef, useState } from "react";

import { durward, signInUrl } from "./durward";

/** The chat's socket, open as long as the component is there. */
function useChat() {
  const socket = useRef<ChatSocket>(undefined);
  const thread = useRef<Thread>({});
  const [state, setState] = useState<ChatState>({ is: "closed" });
  const [said, setSaid] = useState<Outgoing[]>([]);
  useEffect(() => {
    const chat = new ChatSocket(durward);
    socket.current = chat;
    chat.on("state", setState);
    // A message is one object that changes; a new list shows it again.
    chat.on("outgoing", (one) => setSaid((all) => (all.includes(one) ? [...all] : [...all, one])));
    chat.open();
    return () => chat.close();
  }, []);
  return { state, said, send: (text: string) => socket.current?.send(text, thread.current) };
}

export function Chat() {
  const { state, said, send } = useChat();
  const [text, setText] = useState("");
  return (
    <section>
      <h2>Chat</h2>
      <p role="status">
        {state.is === "ended" ? (
          <>
            The chat has ended: {state.why.reason}. <a href={signInUrl()}>Sign in again</a>
          </>
        ) : (
          state.is
        )}
      </p>
      <ol>
        {said.map((one, index) => (
          <li key={index}>
            <b>{one.content}</b> {one.answer || one.error?.code || one.progress}
          </li>
        ))}
      </ol>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") send(text);
          setText("");
        }}
      >
        <label>
          Message <input value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <button>Send</button>
      </form>
    </section>
  );
}
