import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { announce } from "../shell/announce.ts";

/**
 * A form whose `onSubmit` gives whether all went well. Where it did not, what is wrong is read out and the focus goes to the first
 * field that is marked so.
 */
export function Form({
  onSubmit,
  children,
  class: name = "stack",
}: {
  onSubmit: () => Promise<boolean> | boolean;
  children: ComponentChildren;
  class?: string;
}) {
  const form = useRef<HTMLFormElement>(null);
  const submit = async () => {
    if (await onSubmit()) return;
    // Once what is wrong stands there.
    setTimeout(() => {
      const wrong = [...(form.current?.querySelectorAll(".wrong") ?? [])];
      if (wrong.length > 0) announce(wrong.map((one) => one.textContent).join(" "));
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
  };
  return (
    <form
      ref={form}
      class={name}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {children}
    </form>
  );
}
