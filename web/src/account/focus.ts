/** Moves the focus to the page's heading, once what had it is gone. */
export function focusHeading(): void {
  // After a dialog that closes has given it back.
  setTimeout(() => document.querySelector<HTMLElement>("h1")?.focus());
}
