/** What somebody has written and not sent stays in this tab, for them alone, over a reload or a new sign-in. */

function key(userId: number): string {
  return `durward-draft-${userId}`;
}

export function loadDraft(userId: number): string {
  try {
    return sessionStorage.getItem(key(userId)) ?? "";
  } catch {
    return "";
  }
}

export function saveDraft(userId: number, text: string): void {
  try {
    if (text === "") sessionStorage.removeItem(key(userId));
    else sessionStorage.setItem(key(userId), text);
  } catch {
    // Storage is forbidden or full: the text still stands in its field.
  }
}
