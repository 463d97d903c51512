import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/notice.tsx";
import { announce } from "../shell/announce.ts";

/** What is wrong with fields, by their names; a new object for each time they were looked at. */
export type Wrong = Record<string, string | undefined>;

/** A form with one button: says what went wrong, and leads to the first field that is. */
export function Form({
  submit,
  busy,
  problem,
  wrong,
  onSubmit,
  onFocus,
  children,
}: {
  submit: string;
  busy: boolean;
  problem?: unknown;
  wrong?: Wrong;
  onSubmit: () => void;
  onFocus?: () => void;
  children: ComponentChildren;
}) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const words = Object.values(wrong ?? {}).filter((word) => word !== undefined);
    if (words.length > 0) announce(words.join(" "));
    form.current?.querySelector<HTMLInputElement>("[aria-invalid]")?.focus();
  }, [wrong]);
  return (
    <form
      ref={form}
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) onSubmit();
      }}
      onFocusIn={onFocus}
    >
      {problem !== undefined && <Failure problem={problem} />}
      {children}
      <Button type="submit" kind="primary" class="wide" busy={busy}>
        {submit}
      </Button>
    </form>
  );
}
