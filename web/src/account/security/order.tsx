import { useEffect, useRef } from "preact/hooks";

import { Button } from "../../parts/button.tsx";
import { Failure } from "../../parts/notice.tsx";
import { useAction } from "../../parts/use.ts";
import { announce } from "../../shell/announce.ts";
import { server } from "../../shell/server.ts";
import { Card } from "../card.tsx";
import { readable, t } from "../text.ts";
import type { FactorProps, FactorStatus } from "./security.tsx";

type Method = FactorStatus["methods"][number];

/** Which factor a sign-in offers first. */
export function Order({ status: { methods }, onChanged }: FactorProps) {
  const list = useRef<HTMLOListElement>(null);
  /** The button that was pressed: moving its row takes the focus away. */
  const pressed = useRef<string>(undefined);
  const save = useAction(async (order: Method[]) => {
    await server.put("/api/v1/2fa", { body: { methods: order } });
    await onChanged();
  });
  useEffect(() => {
    if (pressed.current === undefined) return;
    const [method, way] = pressed.current.split(" ");
    const row = list.current?.querySelector(`[data-method="${method}"]`);
    const there = row?.querySelector<HTMLElement>(`[data-way="${way}"]:not(:disabled)`);
    (there ?? row?.querySelector<HTMLElement>("button:not(:disabled)"))?.focus();
    pressed.current = undefined;
  }, [methods.join()]);
  const move = async (at: number, by: 1 | -1) => {
    const order = [...methods];
    const [method] = order.splice(at, 1) as [Method];
    order.splice(at + by, 0, method);
    pressed.current = `${method} ${by}`;
    if (await save.run(order)) announce(t("order.moved", { name: words(method), place: at + by + 1 }));
  };
  const button = (method: Method, at: number, by: 1 | -1) => (
    <Button
      class="slim"
      data-way={by}
      busy={save.busy}
      disabled={by === -1 ? at === 0 : at === methods.length - 1}
      aria-label={t(by === -1 ? "order.up.of" : "order.down.of", { name: words(method) })}
      onClick={() => void move(at, by)}
    >
      {t(by === -1 ? "order.up" : "order.down")}
    </Button>
  );
  return (
    <Card title={t("order.heading")}>
      <p>{t("order.text")}</p>
      {save.problem !== undefined && <Failure problem={save.problem} />}
      <ol class="items" ref={list}>
        {methods.map((method, at) => (
          <li class="item row apart" key={method} data-method={method}>
            <span>
              {at + 1}. {words(method)}
            </span>
            <span class="row">
              {button(method, at, -1)}
              {button(method, at, 1)}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function words(method: Method): string {
  return t.find(`method.${method}`) ?? readable(method);
}
