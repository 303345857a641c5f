import { describe, expect, it } from 'vitest';
import { blocks } from './blocks';

const text = (value: string) => ({ kind: 'text', text: value });
const paragraph = (...inlines: unknown[]) => ({ kind: 'paragraph', inlines });
const link = (href: string) => ({ kind: 'link', text: href, href });

describe('blocks', () => {
  it('leaves plain text as it is, with its lines', () => {
    expect(blocks('one\n  two')).toEqual([paragraph(text('one\n  two'))]);
  });

  it('finds fenced code with its language, and what stands around it', () => {
    expect(blocks('see:\n\n```go\nx := 1\n\ny := 2\n```\n\nand on')).toEqual([
      paragraph(text('see:')),
      { kind: 'code', language: 'go', text: 'x := 1\n\ny := 2' },
      paragraph(text('and on')),
    ]);
  });

  it('takes a fence that never closes as code to the end', () => {
    expect(blocks('```\nx\ny')).toEqual([{ kind: 'code', language: '', text: 'x\ny' }]);
  });

  it('finds two fences', () => {
    expect(blocks('```\na\n```\n```\nb\n```').map((block) => block.kind)).toEqual(['code', 'code']);
  });

  it('leaves three backticks inside a line alone', () => {
    expect(blocks('use ``` to begin')).toEqual([paragraph(text('use ``` to begin'))]);
  });

  it('finds inline code, in which nothing else is read', () => {
    expect(blocks('run `curl https://a.example` now')).toEqual([
      paragraph(text('run '), { kind: 'code', text: 'curl https://a.example' }, text(' now')),
    ]);
  });

  it.each([
    ['see https://a.example/x.', 'https://a.example/x', '.'],
    ['(https://a.example/x)', 'https://a.example/x', ')'],
    ['https://a.example/x_(y)', 'https://a.example/x_(y)', ''],
    ['https://a.example/?q=1&r=2, then', 'https://a.example/?q=1&r=2', ', then'],
  ])('ends the link of %j where it ends', (source, href, after) => {
    const [block] = blocks(source);
    const inlines = block?.kind === 'paragraph' ? block.inlines : [];
    expect(inlines).toContainEqual(link(href));
    if (after !== '') expect(inlines.at(-1)).toEqual(text(after));
  });

  it.each(['\u202e', '\u2067', '\u200f'])('ends a link before the mark %j, which could make it look like another', (mark) => {
    expect(blocks(`https://evil.example/${mark}elpmaxe.doog`)).toEqual([paragraph(link('https://evil.example/'), text(`${mark}elpmaxe.doog`))]);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example'])('makes no link of %s', (source) => {
    expect(blocks(source)).toEqual([paragraph(text(source))]);
  });

  it('marks those who are mentioned, by the longest name, at the beginning of a word', () => {
    const names = ['Ada', 'Ada Brandt'];
    expect(blocks('@Ada Brandt and @ada, not a@Ada or @Adam', names)).toEqual([
      paragraph(
        { kind: 'mention', text: '@Ada Brandt' },
        text(' and '),
        { kind: 'mention', text: '@ada' },
        text(', not a@Ada or @Adam'),
      ),
    ]);
  });

  it('shows markup as text', () => {
    expect(blocks('<img src=x onerror=alert(1)>')).toEqual([paragraph(text('<img src=x onerror=alert(1)>'))]);
  });

  it('gives nothing for white space', () => {
    expect(blocks(' \n ')).toEqual([]);
  });
});
