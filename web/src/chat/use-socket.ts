import { ChatSocket, type ChatState, type Outgoing } from "@durward/client";
import { useEffect, useReducer, useState } from "preact/hooks";

import { server } from "../shell/server.ts";

/** The socket, and everything that was sent over it since the page was opened. */
export interface Line {
  socket: ChatSocket;
  state: ChatState;
  outgoing: readonly Outgoing[];
  /** Forgets messages that are shown otherwise, or that nobody wants any more. */
  drop: (gone: (outgoing: Outgoing) => boolean) => void;
}

/** Opens the socket with the page, closes it with the page, and shows what changes, once for each picture on the screen. */
export function useSocket(): Line {
  const [line] = useState(() => ({ socket: new ChatSocket(server), outgoing: [] as Outgoing[] }));
  const [, show] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const { socket } = line;
    let due = 0;
    const soon = () => {
      due ||= requestAnimationFrame(() => {
        due = 0;
        show(undefined);
      });
    };
    const off = [
      socket.on("state", () => show(undefined)),
      socket.on("outgoing", (outgoing) => {
        if (!line.outgoing.includes(outgoing)) line.outgoing.push(outgoing);
        soon();
      }),
    ];
    // A computer that was asleep has missed the end of its connections.
    const looked = () => {
      if (!document.hidden) socket.probe();
    };
    document.addEventListener("visibilitychange", looked);
    socket.open();
    return () => {
      for (const stop of off) stop();
      cancelAnimationFrame(due);
      document.removeEventListener("visibilitychange", looked);
      socket.close();
    };
  }, [line]);
  const drop = (gone: (outgoing: Outgoing) => boolean) => {
    line.outgoing = line.outgoing.filter((outgoing) => !gone(outgoing));
    show(undefined);
  };
  return { socket: line.socket, state: line.socket.state, outgoing: line.outgoing, drop };
}
