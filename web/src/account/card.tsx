import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A part of a section, under its own heading. */
export function Card({ title, badge, children }: { title: string; badge?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="card stack" aria-labelledby={id}>
      <div class="row">
        <h2 id={id}>{title}</h2>
        {badge}
      </div>
      {children}
    </section>
  );
}
