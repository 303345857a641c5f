// Reads the files of shared/vectors, as their README says.
import { readdirSync, readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { fileURLToPath } from 'node:url';
import { join, unhex, utf8 } from './bytes.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = path(ROOT, 'shared', 'vectors');

export function readFolder(folder) {
  const names = readdirSync(path(FOLDER, folder)).filter((name) => name.endsWith('.txt'));
  return names.map((name) => parse(`${folder}/${name.slice(0, -4)}`, readFileSync(path(FOLDER, folder, name), 'utf8')));
}

function parse(name, text) {
  const at = text.indexOf('\n\n');
  const head = text.slice(0, at).match(/^comment: (.+)\nrule: (.+)\ndo: (.+)\nexpect: (.+)$/);
  if (!head) throw new Error(`${name}: the head cannot be read`);
  const [, comment, , operation, expect] = head;
  const given = {};
  const out = {};
  for (const line of text.slice(at + 2).replaceAll('\n  ', ' ').trimEnd().split('\n')) {
    const field = line.match(/^([a-z_0-9]+)(:| =) (.*)$/);
    if (!field) throw new Error(`${name}: ${line}`);
    (field[2] === ':' ? given : out)[field[1]] = field[3];
  }
  return { name, comment, operation, expect, given, out };
}

const PIECE = /(?:([0-9a-f]+)|("(?:[^"\\]|\\.)*"))(?:\*([0-9]+))?(?: +|$)/y;

export function bytesOf(value) {
  if (value === '-') return new Uint8Array(0);
  const pieces = [];
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < value.length) {
    const piece = PIECE.exec(value);
    if (!piece) throw new Error(`cannot be read: ${value.slice(0, 80)}`);
    const bytes = piece[1] ? unhex(piece[1]) : utf8(JSON.parse(piece[2]));
    const times = Number(piece[3] ?? 1);
    const all = new Uint8Array(bytes.length * times);
    for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
    pieces.push(all);
  }
  return join(...pieces);
}
