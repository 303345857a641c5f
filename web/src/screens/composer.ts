/** A message has at most 512 KiB (docs/PROTOCOL.md, section 6); some of that is its fields. */
const LONGEST = 511 * 1024;

export function tooLong(text: string): boolean {
  // A UTF-16 unit takes at most three bytes, so short texts need no counting.
  return text.length * 3 > LONGEST && new TextEncoder().encode(text).length > LONGEST;
}
