import type { Outgoing } from "@durward/client";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import type { Kept } from "./kept.ts";
import { Bubble, Turn } from "./bubbles.tsx";
import { say } from "./texts.ts";

/** How many messages are shown at first, and how many more at a time. */
const SHOWN = 100;
/** Who is this close to the end, in pixels, wants to see what comes. */
const NEAR = 48;

/** What was said. It follows what comes, except when the reader has gone back. */
export function Log({
  place,
  kept,
  turns,
  connected,
  onTakeBack,
  onAgain,
}: {
  place: string | undefined;
  kept: Kept;
  turns: readonly Outgoing[];
  connected: boolean;
  onTakeBack: (outgoing: Outgoing) => void;
  onAgain: (outgoing: Outgoing) => void;
}) {
  const [shown, setShown] = useState(SHOWN);
  const [behind, setBehind] = useState(false);
  const log = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const toEnd = () => {
    follows.current = true;
    setBehind(false);
    log.current?.scrollTo({ top: log.current.scrollHeight });
  };
  useEffect(() => {
    setShown(SHOWN);
    toEnd();
  }, [place]);
  // Whoever asks wants to see the answer.
  useEffect(toEnd, [turns.length]);
  useLayoutEffect(() => {
    const element = log.current;
    if (!element) return;
    if (follows.current) element.scrollTop = element.scrollHeight;
    else setBehind(element.scrollHeight - element.scrollTop - element.clientHeight > NEAR);
  });
  const scrolled = () => {
    const element = log.current;
    if (!element) return;
    follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (follows.current) setBehind(false);
  };

  const own = new Set(turns.flatMap(({ questionId, answerId }) => [questionId, answerId]));
  const messages = kept.messages?.filter(({ id }) => !own.has(id)) ?? [];
  const hidden = Math.max(0, messages.length - shown);
  const empty = kept.messages !== undefined && messages.length === 0 && turns.length === 0;
  return (
    <div class="chat-log-frame">
      {/* Pieces of answers are not read out one by one; the whole answer is, once it is there. */}
      <div ref={log} class="chat-log" role="log" aria-live="off" aria-label={say("log")} tabIndex={0} onScroll={scrolled}>
        {kept.problem !== undefined && <Failure problem={kept.problem} again={() => void kept.reload()} />}
        {kept.messages === undefined && kept.problem === undefined && turns.length === 0 && <Busy />}
        {empty && (
          <div class="chat-empty muted">
            <p>{say("empty")}</p>
            <p class="small">{say("plain")}</p>
          </div>
        )}
        {hidden > 0 && (
          <Button
            class="slim chat-earlier"
            onClick={() => {
              follows.current = false;
              setShown(shown + SHOWN);
            }}
          >
            {say.count("earlier", hidden)}
          </Button>
        )}
        {messages.slice(hidden).map((message) => (
          <Bubble key={message.id} from={message.role} text={message.content} time={message.created_at} />
        ))}
        {turns.map((turn, index) => (
          <Turn key={turn.questionId ?? `waiting-${index}`} turn={turn} connected={connected} onTakeBack={onTakeBack} onAgain={onAgain} />
        ))}
      </div>
      {behind && (
        <Button class="slim chat-down" onClick={toEnd}>
          {say("down")}
        </Button>
      )}
    </div>
  );
}
