/** Says something to people who cannot see that it has changed, by the page's live region. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (!region) return;
  // The same words twice are only read twice when they were gone in between.
  region.textContent = "";
  window.setTimeout(() => (region.textContent = text), 50);
}
