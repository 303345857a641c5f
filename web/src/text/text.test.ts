import { describe, expect, it } from 'vitest';
import { hue, initials, sharedNames, nameKey, topicName } from './names';
import { sentence, toProblem } from './problem';
import { dayName, exactTime, shortTime, timeAgo, timeInDay } from './time';

describe('initials', () => {
  it.each([
    ['Ada Brandt', 'AB'],
    ['backend-agent', 'BA'],
    ['ci', 'C'],
    ['Inês de Castro', 'IC'],
    ['  ', ''],
    ['42', '4'],
    ['Ωmega λ', 'ΩΛ'],
  ])('of %j are %j', (name, expected) => expect(initials(name)).toBe(expected));
});

describe('hue', () => {
  it('depends on the id alone and is an angle', () => {
    expect(hue('0000ff')).toBe(0);
    expect(hue('ffff00')).toBe(65_535 % 360);
    expect(hue('')).toBe(0);
  });
});

describe('sharedNames', () => {
  it('finds names that read the same', () => {
    const shared = sharedNames([{ name: 'Jonas' }, { name: 'jonas ' }, { name: 'Ada' }]);
    expect(shared.has(nameKey('JONAS'))).toBe(true);
    expect(shared.has(nameKey('Ada'))).toBe(false);
  });
});

describe('topicName', () => {
  it.each([
    ['Deploys', 'deploys'],
    ['#berth index', 'berth-index'],
    ['Évènements!', 'evenements'],
    ['--a.b_c--', 'a.b_c'],
    ['日本', ''],
    ['x'.repeat(80), 'x'.repeat(64)],
  ])('of %j is %j', (typed, name) => expect(topicName(typed)).toBe(name));
});

describe('times', () => {
  const now = new Date(2026, 10, 21, 12, 0).getTime();
  const minute = 60_000;

  it('are relative until a day old', () => {
    expect(shortTime(now - 59_000, now)).toBe('now');
    expect(shortTime(now - 60_000, now)).toBe('1 min');
    expect(shortTime(now - 59 * minute, now)).toBe('59 min');
    expect(shortTime(now - 23.9 * 60 * minute, now)).toBe('23 h');
    const day = now - 24 * 60 * minute;
    expect(shortTime(day, now)).toBe(exactTime(day));
  });

  it('of a clock that runs ahead count as now', () => {
    expect(shortTime(now + minute, now)).toBe('now');
  });

  it('under a day heading do not repeat the day', () => {
    const day = now - 30 * 60 * minute;
    expect(exactTime(day)).toContain(timeInDay(day, now).slice(-5).trim());
    expect(timeInDay(day, now).length).toBeLessThan(exactTime(day).length);
  });

  it('read as a sentence', () => {
    expect(timeAgo(now - 1000, now)).toBe('just now');
    expect(timeAgo(now - 3 * 60 * minute, now)).toBe('3 h ago');
    expect(timeAgo(now - 72 * 60 * minute, now)).toMatch(/18/);
  });

  it('name days by the calendar, not by hours', () => {
    const late = new Date(2026, 10, 21, 0, 5).getTime();
    expect(dayName(late, now)).toBe('Today');
    expect(dayName(late - 10 * minute, now)).toBe('Yesterday');
    expect(dayName(late - 10 * minute - 24 * 60 * minute, now)).toMatch(/19/);
  });
});

describe('problems', () => {
  it('keep the code, the sentence and whether to try again', () => {
    const thrown = Object.assign(new Error('The roster has moved on.'), { code: 'stale_head', retry: true });
    expect(toProblem(thrown)).toEqual({ code: 'stale_head', message: 'The roster has moved on.', retry: true });
    expect(toProblem('odd')).toEqual({ code: 'internal', message: 'odd', retry: false });
  });

  it('are told in the sentence of the screen, else in the peer’s', () => {
    const problem = { code: 'not_found', message: 'Nothing here.', retry: false };
    expect(sentence(problem)).toBe('Nothing here.');
    expect(sentence(problem, { not_found: 'No such invite.' })).toBe('No such invite.');
  });
});
