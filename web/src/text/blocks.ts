/**
 * Splits the text of a message into what is shown: paragraphs and fenced code, and within a paragraph inline code,
 * links, mentions. Everything is text to the browser; nothing here makes HTML.
 */

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'mention'; text: string };

export type Block = { kind: 'paragraph'; inlines: Inline[] } | { kind: 'code'; language: string; text: string };

const FENCE = /^```([\w+#.-]{0,32})[^\S\n]*\n([\s\S]*?)(?:\n```[^\S\n]*(?=\n|$)|$(?![\s\S]))/gm;

export function blocks(text: string, names: readonly string[] = []): Block[] {
  const found: Block[] = [];
  let at = 0;
  for (const match of text.matchAll(FENCE)) {
    pushParagraph(found, text.slice(at, match.index), names);
    found.push({ kind: 'code', language: match[1] ?? '', text: match[2] ?? '' });
    at = match.index + match[0].length;
  }
  pushParagraph(found, text.slice(at), names);
  return found;
}

function pushParagraph(found: Block[], text: string, names: readonly string[]): void {
  const trimmed = text.replace(/^\s*\n|\n\s*$/g, '');
  if (trimmed.trim() !== '') found.push({ kind: 'paragraph', inlines: inlines(trimmed, names) });
}

/** An address ends at a mark that turns the direction of writing, with which it would look like another. */
const INLINE = /`([^`\n]+)`|(https?:\/\/[^\s<>"'\p{Bidi_Control}]+)/gu;

function inlines(text: string, names: readonly string[]): Inline[] {
  const found: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const link = match[2] === undefined ? null : trimLink(match[2]);
    if (match[2] !== undefined && link === null) continue;
    pushText(found, text.slice(at, match.index), names);
    if (link === null) {
      found.push({ kind: 'code', text: match[1] ?? '' });
      at = match.index + match[0].length;
    } else {
      found.push({ kind: 'link', text: link, href: link });
      at = match.index + link.length;
    }
  }
  pushText(found, text.slice(at), names);
  return found;
}

/** Punctuation that ends a sentence is not part of the address before it, nor is a bracket that opened outside. */
function trimLink(text: string): string | null {
  let link = text.replace(/[.,;:!?]+$/, '');
  while (link.endsWith(')') && count(link, ')') > count(link, '(')) link = link.slice(0, -1);
  return URL.canParse(link) ? link : null;
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

function pushText(found: Inline[], text: string, names: readonly string[]): void {
  if (text === '') return;
  let plain = '';
  const flush = () => {
    if (plain !== '') found.push({ kind: 'text', text: plain });
    plain = '';
  };
  for (let at = 0; at < text.length; ) {
    const mention = text[at] === '@' && startsWord(text, at) ? mentionAt(text, at, names) : '';
    if (mention === '') {
      plain += text[at++];
    } else {
      flush();
      found.push({ kind: 'mention', text: mention });
      at += mention.length;
    }
  }
  flush();
}

function startsWord(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '');
}

/** The longest name that stands after the @; `names` are the members that the message says it mentions. */
function mentionAt(text: string, at: number, names: readonly string[]): string {
  const rest = text.slice(at + 1).toLocaleLowerCase();
  let longest = '';
  for (const name of names) {
    if (name.length <= longest.length || name === '') continue;
    const after = rest[name.length];
    if (rest.startsWith(name.toLocaleLowerCase()) && (after === undefined || !/[\p{L}\p{N}]/u.test(after))) longest = name;
  }
  return longest === '' ? '' : text.slice(at, at + 1 + longest.length);
}
