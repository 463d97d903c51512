import type { ButtonHTMLAttributes, ComponentChildren } from "preact";

/** A button. While it is busy it says so and does nothing. */
export function Button({
  kind = "",
  busy = false,
  type = "button",
  children,
  onClick,
  ...rest
}: {
  kind?: "" | "primary" | "danger" | "plain";
  busy?: boolean;
  type?: "button" | "submit";
  children: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
} & Omit<ButtonHTMLAttributes, "onClick" | "type" | "role">) {
  return (
    <button
      {...rest}
      type={type}
      class={`button ${kind} ${rest.class ?? ""}`}
      aria-busy={busy}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {children}
    </button>
  );
}
