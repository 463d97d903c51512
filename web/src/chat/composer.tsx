import { MESSAGE_LIMIT, fits, messageSize } from "@durward/client";
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { formatNumber } from "../shell/texts.ts";
import { say } from "./texts.ts";

/** From which length on it is counted. */
const COUNTED = MESSAGE_LIMIT * 0.8;

/** Where one writes. Enter sends, Shift and Enter begin a new line. */
export function Composer({
  field,
  text,
  onText,
  onSend,
  ended,
}: {
  field: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText: (text: string) => void;
  onSend: (text: string) => void;
  ended: boolean;
}) {
  const [tried, setTried] = useState(false);
  const size = messageSize(text);
  const tooLong = !fits(text);
  const blank = text.trim() === "";
  const blocked = ended ? say("blocked.ended") : tooLong ? say("blocked.too_long", limits(size)) : undefined;
  const wrong = tooLong || (tried && ended) ? blocked : undefined;
  useLayoutEffect(() => {
    // As high as its text, up to what the style sheet allows.
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [text]);
  const send = () => {
    setTried(true);
    if (blank || blocked) return;
    onSend(text);
    onText("");
    setTried(false);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
        field.current?.focus();
      }}
    >
      <label class="unseen" for="composer">
        {say("message")}
      </label>
      <textarea
        ref={field}
        id="composer"
        class="input"
        rows={1}
        value={text}
        placeholder={say("message.placeholder")}
        aria-describedby="composer-hint composer-count"
        aria-invalid={wrong ? "true" : undefined}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // Enter also ends the choice of a word in an input method.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <Button type="submit" kind="primary" disabled={ended || tooLong}>
        {say("send")}
      </Button>
      <p class="small composer-notes">
        <span id="composer-hint" class="muted">
          {say("composer.hint")}
        </span>
        <span id="composer-count" class={wrong ? "wrong" : "muted"} role="status">
          {wrong ?? (size >= COUNTED ? say("composer.count", limits(size)) : "")}
        </span>
      </p>
    </form>
  );
}

function limits(size: number): { size: string; limit: string } {
  return { size: formatNumber(size), limit: formatNumber(MESSAGE_LIMIT) };
}
