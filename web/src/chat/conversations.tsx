import type { components } from "@durward/client";
import { useRef, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { Ago } from "../parts/time.tsx";
import { type Paged, useAction } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { server } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { say } from "./texts.ts";

type Conversation = components["schemas"]["Conversation"];

/** The list of conversations: to begin one, to go to one, to delete one. */
export function Conversations({
  list,
  current,
  onShow,
  onDeleted,
}: {
  list: Paged<Conversation>;
  current: string | undefined;
  onShow: (id: string | undefined) => void;
  onDeleted: (id: string) => void;
}) {
  const [asked, setAsked] = useState<Conversation>();
  const begin = useRef<HTMLDivElement>(null);
  const more = useAction(async () => list.more?.());
  const remove = useAction(async ({ id }: Conversation) => {
    await server.delete("/api/v1/conversations/{id}", { path: { id } });
    await list.reload();
    setAsked(undefined);
    announce(say("deleted"));
    onDeleted(id);
    // The row is gone, and with it the button that had the focus.
    begin.current?.querySelector("button")?.focus();
  });
  return (
    <div class="stack chat-list">
      <div ref={begin}>
        <Button class="wide" onClick={() => onShow(undefined)}>
          {say("begin")}
        </Button>
      </div>
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
                onClick={() => setAsked(one)}
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
      {asked && (
        <Confirm
          title={say("delete.title")}
          text={
            <div class="stack">
              <p>{say("delete.text", { title: asked.title })}</p>
              {remove.problem !== undefined && <Failure problem={remove.problem} />}
            </div>
          }
          action={common("delete")}
          danger
          busy={remove.busy}
          onConfirm={() => void remove.run(asked)}
          onClose={() => {
            remove.clear();
            setAsked(undefined);
          }}
        />
      )}
    </div>
  );
}
