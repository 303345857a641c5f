import { describe, expect, it } from 'vitest';
import { conversationPath, meshPath, parseRoute } from './route';

const mesh = 'a1'.repeat(32);
const other = 'b2'.repeat(32);
const third = 'c3'.repeat(32);

describe('parseRoute', () => {
  it.each([
    ['/', { name: 'home' }],
    ['/new', { name: 'new-mesh' }],
    ['/i/Ab3dE9xZ', { name: 'consent', code: 'Ab3dE9xZ' }],
    ['/i/', { name: 'consent', code: '' }],
    ['/join/anything', { name: 'old-link' }],
    [`/m/${mesh}`, { name: 'mesh', meshId: mesh }],
    [`/m/${mesh}/`, { name: 'mesh', meshId: mesh }],
    [`/m/${mesh}/people`, { name: 'people', meshId: mesh }],
    [`/m/${mesh}/t/${other}`, { name: 'conversation', meshId: mesh, conversation: `topic:${other}` }],
    [`/m/${mesh}/d/${other}`, { name: 'conversation', meshId: mesh, conversation: `direct:${other}` }],
    [`/m/${mesh}/g/${other}-${third}`, { name: 'conversation', meshId: mesh, conversation: `group:${other}-${third}` }],
  ])('reads %s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  it.each([
    '/nowhere',
    '/new/mesh',
    '/m',
    `/m/${mesh.slice(1)}`,
    `/m/${mesh.toUpperCase()}`,
    `/m/${mesh}/audit`,
    `/m/${mesh}/people/${other}`,
    `/m/${mesh}/t/${other.slice(1)}`,
    `/m/${mesh}/t/${other}/more`,
    `/m/${mesh}/g/${other}`,
  ])('does not guess at %s', (path) => {
    expect(parseRoute(path)).toEqual({ name: 'unknown' });
  });
});

describe('paths', () => {
  it.each([`topic:${other}`, `direct:${other}`, `group:${other}-${third}`])('lead back to %s', (conversation) => {
    const route = parseRoute(conversationPath(mesh, conversation));
    expect(route).toEqual({ name: 'conversation', meshId: mesh, conversation });
  });

  it.each(['people', 'invites', 'settings'] as const)('lead back to %s', (part) => {
    expect(parseRoute(meshPath(mesh, part))).toEqual({ name: part, meshId: mesh });
  });
});
