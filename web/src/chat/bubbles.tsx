import type { Outgoing, Why } from "@durward/client";
import type { ComponentChildren } from "preact";

import { Button } from "../parts/button.tsx";
import { Time } from "../parts/time.tsx";
import { say } from "./texts.ts";

/** One message as it is: plain text with its line breaks. */
export function Bubble({ from, text, time, coming = false }: { from: string; text: string; time?: string; coming?: boolean }) {
  const mine = from === "user";
  return (
    <article class={`bubble ${mine ? "mine" : "theirs"}`} aria-busy={coming || undefined}>
      <h2 class="unseen">{say(mine ? "from.you" : "from.answer")}</h2>
      <div class="bubble-text">{text}</div>
      {time && (
        <p class="muted small">
          <Time time={time} />
        </p>
      )}
    </article>
  );
}

/** A question of this page and its answer, as far as they have got. */
export function Turn({
  turn,
  connected,
  onTakeBack,
  onAgain,
}: {
  turn: Outgoing;
  connected: boolean;
  onTakeBack: (outgoing: Outgoing) => void;
  onAgain: (outgoing: Outgoing) => void;
}) {
  const { progress, error } = turn;
  const coming = progress === "answering" || progress === "sent";
  return (
    <div class="turn" data-progress={progress}>
      <Bubble from="user" text={turn.content} />
      {progress === "unsent" && (
        <Aside text={say(connected ? "turn.waits" : "turn.unsent")}>
          <Button class="slim" onClick={() => onTakeBack(turn)}>
            {say("take_back")}
          </Button>
        </Aside>
      )}
      {turn.answer !== "" && <Bubble from="assistant" text={turn.answer} coming={coming} />}
      {coming && turn.answer === "" && <p class="chat-typing muted small">{say("turn.answering")}</p>}
      {progress === "interrupted" && (
        <Aside text={say(turn.questionId ? "turn.broke_off" : "turn.uncertain")}>
          <Button class="slim" onClick={() => onAgain(turn)}>
            {say(turn.questionId ? "ask_again" : "send_again")}
          </Button>
          <Button class="slim" onClick={() => onTakeBack(turn)}>
            {say("take_back")}
          </Button>
        </Aside>
      )}
      {progress === "failed" && (
        <Aside text={explain(error)} bad>
          <Button class="slim" onClick={() => onAgain(turn)}>
            {say(turn.questionId ? "ask_again" : "send_again")}
          </Button>
          <Button class="slim" onClick={() => onTakeBack(turn)}>
            {say("take_back")}
          </Button>
        </Aside>
      )}
    </div>
  );
}

function Aside({ text, bad = false, children }: { text: string; bad?: boolean; children: ComponentChildren }) {
  return (
    <div class={`turn-aside small ${bad ? "bad" : ""}`} role="status">
      <span>{text}</span>
      <span class="row">{children}</span>
    </div>
  );
}

/** What the server said of a message it did not answer: in the page's words where there are some. */
function explain(error: Outgoing["error"]): string {
  const why: Why = { reason: error?.code ?? "", retryAfter: error?.retryAfter };
  return say.find(`error.${why.reason}`, { seconds: why.retryAfter ?? 0 }) ?? error?.detail ?? say("error.other");
}
