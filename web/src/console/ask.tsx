import type { ComponentChildren } from "preact";

import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Failure } from "../parts/notice.tsx";
import { withStepUp } from "../parts/step-up.tsx";
import { useAction } from "../parts/use.ts";
import { common } from "../shell/texts.ts";

/** Says what will happen, does it when that is meant, and says why when it could not be done. */
export function Ask<T>({
  title,
  text,
  action,
  danger = false,
  ready = true,
  act,
  onDone,
  onClose,
}: {
  title: string;
  text: ComponentChildren;
  action: string;
  danger?: boolean;
  /** Whether everything was chosen that has to be. */
  ready?: boolean;
  act: () => Promise<T>;
  onDone: (answer: T) => Promise<void> | void;
  onClose: () => void;
}) {
  const doing = useAction(async () => {
    const answer = await withStepUp(act);
    await onDone(answer);
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">{text}</div>
      {doing.problem !== undefined && <Failure problem={doing.problem} />}
      <div class="row">
        <Button kind={danger ? "danger" : "primary"} busy={doing.busy} disabled={!ready} onClick={() => void doing.run()}>
          {action}
        </Button>
        <Button onClick={onClose}>{common("cancel")}</Button>
      </div>
    </Dialog>
  );
}
