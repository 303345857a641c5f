import { words } from '../words/en';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Relative until a day old, exact after that. `at` and `now` in milliseconds since 1970. */
export function shortTime(at: number, now: number): string {
  return relativeTime(at, now) ?? exactTime(at);
}

/** The same for what stands under the heading of its day. */
export function timeInDay(at: number, now: number): string {
  return relativeTime(at, now) ?? clockFormat.format(at);
}

/** In a sentence: "3 h ago", and the day alone where it is longer ago. */
export function timeAgo(at: number, now: number): string {
  if (now - at < MINUTE) return words.time.justNow;
  const relative = relativeTime(at, now);
  return relative === null ? shortDayFormat.format(at) : words.time.ago(relative);
}

/** How long something has lasted, short enough for a list; the day on which it began where that is longer ago. */
export function span(since: number, now: number): string {
  return relativeTime(since, now) ?? shortDayFormat.format(since);
}

function relativeTime(at: number, now: number): string | null {
  const age = now - at;
  if (age < MINUTE) return words.time.now;
  if (age < HOUR) return words.time.minutes(Math.floor(age / MINUTE));
  if (age < DAY) return words.time.hours(Math.floor(age / HOUR));
  return null;
}

// A date in another language than the words around it would read oddly; the region decides on order and clock.
const locale = globalThis.navigator?.languages?.find((name) => name.startsWith(words.language)) ?? words.language;
const clockFormat = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const yearFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDayFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const exactFormat = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

export function exactTime(at: number): string {
  return exactFormat.format(at);
}

/** The heading of a day in a conversation. */
export function dayName(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return words.time.today;
  if (days === 1) return words.time.yesterday;
  return (days < 180 ? dayFormat : yearFormat).format(at);
}

export function sameDay(a: number, b: number): boolean {
  return daysBetween(a, b) === 0;
}

/** Calendar days in local time; a day of 23 or 25 hours counts as one. */
function daysBetween(a: number, b: number): number {
  const midnight = (at: number) => {
    const day = new Date(at);
    return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  };
  return Math.abs(Math.round((midnight(b) - midnight(a)) / DAY));
}
