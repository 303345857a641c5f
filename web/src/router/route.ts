import type { ConversationId } from '../peer/api';

export type Route =
  | { name: 'home' }
  | { name: 'new-mesh' }
  | { name: 'consent'; code: string }
  | { name: 'old-link' }
  /** The mesh without a conversation chosen: on a phone the list, on a desktop `#general`. */
  | { name: 'mesh'; meshId: string }
  | { name: 'conversation'; meshId: string; conversation: ConversationId }
  | { name: 'people' | 'invites' | 'settings'; meshId: string }
  | { name: 'unknown' };

export type MeshRoute = Extract<Route, { meshId: string }>;

const ID = /^[0-9a-f]{64}$/;
const GROUP = /^[0-9a-f]{64}(-[0-9a-f]{64})+$/;

/** What a path of this site means. A path that means nothing is `unknown`, never a guess. */
export function parseRoute(path: string): Route {
  const [first, ...rest] = path.split('/').filter((part) => part !== '');
  if (first === undefined) return { name: 'home' };
  if (first === 'new' && rest.length === 0) return { name: 'new-mesh' };
  if (first === 'i') return { name: 'consent', code: rest.join('/') };
  if (first === 'join') return { name: 'old-link' };
  if (first === 'm') return parseMesh(rest);
  return { name: 'unknown' };
}

function parseMesh([meshId = '', part, id, ...more]: string[]): Route {
  if (!ID.test(meshId) || more.length > 0) return { name: 'unknown' };
  if (part === undefined) return { name: 'mesh', meshId };
  if (id === undefined) {
    if (part === 'people' || part === 'invites' || part === 'settings') return { name: part, meshId };
    return { name: 'unknown' };
  }
  if (part === 't' && ID.test(id)) return { name: 'conversation', meshId, conversation: `topic:${id}` };
  if (part === 'd' && ID.test(id)) return { name: 'conversation', meshId, conversation: `direct:${id}` };
  if (part === 'g' && GROUP.test(id)) return { name: 'conversation', meshId, conversation: `group:${id}` };
  return { name: 'unknown' };
}

export const HOME = '/';
export const NEW_MESH = '/new';

export function meshPath(meshId: string, part?: 'people' | 'invites' | 'settings'): string {
  return part ? `/m/${meshId}/${part}` : `/m/${meshId}`;
}

export function conversationPath(meshId: string, conversation: ConversationId): string {
  const colon = conversation.indexOf(':');
  return `/m/${meshId}/${conversation.charAt(0)}/${conversation.slice(colon + 1)}`;
}
