/** What somebody has put into the server's form before the script was there. */
export interface Typed {
  email: string;
  password: string;
  /** Where they are. */
  focus: string | undefined;
}

/** Reads it, at the last moment before the form is replaced. */
export function readTyped(): Typed {
  const form = document.querySelector<HTMLFormElement>("#app form");
  const value = (name: string) => {
    const field = form?.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field.value : "";
  };
  const active = document.activeElement;
  const focus = active instanceof HTMLInputElement && form?.contains(active) ? active.name : undefined;
  return { email: value("email"), password: value("password"), focus };
}
