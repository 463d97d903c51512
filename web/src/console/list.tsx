import { Button } from "../parts/button.tsx";
import { Busy, Failure } from "../parts/notice.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { type Paged, useAction } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { common } from "../shell/texts.ts";
import { t } from "./texts.ts";

/** A list that comes in pages, in whatever state it is in. */
export function PagedTable<T>({
  framed = true,
  list,
  caption,
  columns,
  id,
  empty,
}: {
  /** Whether it stands by itself, in a card of its own. */
  framed?: boolean;
  list: Paged<T>;
  caption: string;
  columns: Column<T>[];
  id: (row: T) => string | number;
  empty: string;
}) {
  const more = useAction(async () => {
    const before = list.data?.length ?? 0;
    await list.more?.();
    announce(t.count("rows_after", before));
  });
  if (list.problem && !list.data) return <Failure problem={list.problem} again={list.reload} />;
  if (!list.data) return <Busy />;
  return (
    <div class="stack" aria-busy={list.busy}>
      {list.problem !== undefined && <Failure problem={list.problem} again={list.reload} />}
      <div class={framed && list.data.length > 0 ? "card list" : undefined}>
        <Table caption={caption} columns={columns} rows={list.data} id={id} empty={empty} />
      </div>
      {more.problem !== undefined && <Failure problem={more.problem} again={() => void more.run()} />}
      {list.more && (
        <div>
          <Button busy={more.busy} onClick={() => void more.run()}>
            {common("more")}
          </Button>
        </div>
      )}
    </div>
  );
}
