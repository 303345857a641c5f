import type { Peer } from '../peer/api';

/** Every method of the peer but `on`, which is an event subscription and not a call. */
export type Method = Exclude<keyof Peer, 'on'>;

/**
 * What may be asked over a port, and whether the same call may be made again by itself after the peer was restarted
 * in the middle of it. `joinMesh` is repeatable because a claim stores its bytes before it sends them.
 */
const REPEATABLE = {
  start: true,
  meshes: true,
  mesh: true,
  createMesh: false,
  previewInvite: true,
  joinMesh: true,
  leaveMesh: false,
  forgetMesh: false,
  setDisplayName: true,
  messages: true,
  resolve: true,
  complete: true,
  send: false,
  retry: false,
  markRead: true,
  settleAsk: true,
  saveDraft: true,
  draft: true,
  createTopic: false,
  createInvite: false,
  invites: true,
  retireInvite: true,
  setStatus: true,
  addDemoAgents: false,
  wake: true,
} as const satisfies Record<Method, boolean>;

export const METHODS = Object.keys(REPEATABLE) as Method[];

export function isMethod(name: unknown): name is Method {
  return typeof name === 'string' && Object.hasOwn(REPEATABLE, name);
}

export function isRepeatable(method: Method): boolean {
  return REPEATABLE[method];
}
