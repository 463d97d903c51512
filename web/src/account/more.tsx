import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/notice.tsx";
import { type Paged, useAction } from "../parts/use.ts";
import { common } from "../shell/texts.ts";

/** Asks for the next page of a list, while there is one. */
export function More<T>({ list }: { list: Paged<T> }) {
  const { more } = list;
  const load = useAction(async () => more?.());
  if (!more) return null;
  return (
    <>
      {load.problem !== undefined && <Failure problem={load.problem} />}
      <div class="row">
        <Button busy={load.busy} onClick={() => void load.run()}>
          {common("more")}
        </Button>
      </div>
    </>
  );
}
