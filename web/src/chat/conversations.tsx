import type { components } from "@durward/client";

import { Button } from "../parts/button.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { Ago } from "../parts/time.tsx";
import { type Paged, useAction } from "../parts/use.ts";
import { common } from "../shell/texts.ts";
import { say } from "./texts.ts";

/** A conversation in the list. */
export type Conversation = components["schemas"]["Conversation"];

/** The list of conversations: to begin one, to go to one, to delete one. */
export function Conversations({
  list,
  current,
  onShow,
  onDelete,
}: {
  list: Paged<Conversation>;
  current: string | undefined;
  onShow: (id: string | undefined) => void;
  onDelete: (conversation: Conversation) => void;
}) {
  const more = useAction(async () => list.more?.());
  return (
    <div class="stack chat-list">
      <Button class="wide chat-begin" onClick={() => onShow(undefined)}>
        {say("begin")}
      </Button>
      {list.problem !== undefined && <Failure problem={list.problem} again={() => void list.reload()} />}
      {!list.data && list.busy && <Busy />}
      {list.data?.length === 0 && <p class="muted">{say("none")}</p>}
      {list.data && list.data.length > 0 && (
        <ul>
          {list.data.map((one) => (
            <li key={one.id} class="chat-row">
              <a
                href={`/chat/${one.id}`}
                aria-current={one.id === current ? "page" : undefined}
                onClick={(event) => {
                  // In a new tab, if that is what is wanted.
                  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
                  event.preventDefault();
                  onShow(one.id);
                }}
              >
                <span class="chat-title">{one.title}</span>
                <span class="muted small">
                  <Ago time={one.updated_at} />
                </span>
              </a>
              <button
                type="button"
                class="button plain chat-delete"
                aria-label={say("delete.name", { title: one.title })}
                title={common("delete")}
                onClick={() => onDelete(one)}
              >
                <span aria-hidden="true">✕</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {more.problem !== undefined && <Failure problem={more.problem} />}
      {list.more && (
        <Button busy={more.busy} onClick={() => void more.run()}>
          {common("more")}
        </Button>
      )}
    </div>
  );
}
