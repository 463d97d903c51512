import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { common } from "../shell/texts.ts";
import { Button } from "./button.tsx";

/** A dialog over the page: the rest is out of reach, Escape closes it, and the focus comes back afterwards. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const back = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (back instanceof HTMLElement) back.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** Asks whether something is meant. */
export function Confirm({
  title,
  text,
  action,
  danger = false,
  busy = false,
  onConfirm,
  onClose,
}: {
  title: string;
  text: ComponentChildren;
  action: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div>{text}</div>
      <div class="row">
        <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={onConfirm}>
          {action}
        </Button>
        <Button onClick={onClose}>{common("cancel")}</Button>
      </div>
    </Dialog>
  );
}
