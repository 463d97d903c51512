import type { components } from "@durward/client";

import { Confirm } from "../parts/dialog.tsx";
import { Failure } from "../parts/notice.tsx";
import { useAction } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { say } from "./texts.ts";

/** Asks whether a conversation is to be deleted, and does it. */
export function DeleteDialog({
  conversation,
  onDeleted,
  onClose,
}: {
  conversation: components["schemas"]["Conversation"];
  onDeleted: () => Promise<void>;
  onClose: () => void;
}) {
  const remove = useAction(async () => {
    await server.delete("/api/v1/conversations/{id}", { path: { id: conversation.id } });
    announce(say("deleted"));
    await onDeleted();
  });
  return (
    <Confirm
      title={say("delete.title")}
      text={
        <div class="stack">
          <p>{say("delete.text", { title: conversation.title })}</p>
          {remove.problem !== undefined && <Failure problem={remove.problem} />}
        </div>
      }
      action={common("delete")}
      danger
      busy={remove.busy}
      onConfirm={() => void remove.run()}
      onClose={onClose}
    />
  );
}
