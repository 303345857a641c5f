/**
 * `j` and `k` go through the entries of a list: the one that has the focus, else the messages. A list carries
 * `data-list`, its entries `data-entry`.
 */
export function move(step: 1 | -1): boolean {
  const active = document.activeElement;
  const list = active?.closest('[data-list]') ?? document.querySelector('[data-list=messages]') ?? document.querySelector('[data-list]');
  if (!list) return false;
  const entries = [...list.querySelectorAll<HTMLElement>('[data-entry]')].filter((entry) => entry.offsetParent !== null);
  const current = entries.findIndex((entry) => entry.contains(active));
  const entry = entries[next(current, step, entries.length, list.getAttribute('data-list') === 'messages')];
  if (!entry) return false;
  entry.focus();
  entry.scrollIntoView({ block: 'nearest' });
  return true;
}

/** Goes to the first entry of a list, if that list is on the screen. */
export function enter(name: string): boolean {
  const entry = document.querySelector<HTMLElement>(`[data-list=${name}] [data-entry]`);
  if (!entry || entry.offsetParent === null) return false;
  entry.focus();
  return true;
}

/** Messages are entered from the newest, other lists from the top. Ends hold. */
export function next(current: number, step: 1 | -1, length: number, fromEnd: boolean): number {
  if (length === 0) return -1;
  if (current === -1) return fromEnd ? length - 1 : 0;
  return Math.min(Math.max(current + step, 0), length - 1);
}
