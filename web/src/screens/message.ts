import type { Message } from '../peer/api';
import type { MeshStore } from '../stores/mesh.svelte';
import { words } from '../words/en';

/** From which session a message came and to which it went, as far as that says more than the names do. */
export function sessionsTold(store: MeshStore, message: Message): { from: string; to: string } {
  const to = message.topic === '' && message.to.length === 1 ? (message.to[0] ?? '') : '';
  return { from: store.sessionToTell(message.from, message.fromSession), to: store.sessionToTell(to, message.session) };
}

/** How far an own message has come, in words. What the relay has of a topic is there for all; agents take a message, and do not read. */
export function stateWord(store: MeshStore, message: Message): string {
  const { state, topic, to } = message;
  if (topic !== '' && state === 'accepted') return words.conversation.posted;
  if (state === 'read' && topic === '' && to.length > 0 && (message.session !== '' || to.every((id) => isAgent(store, id)))) {
    return words.conversation.taken(to.length === 1);
  }
  return words.conversation.state[state];
}

function isAgent(store: MeshStore, memberId: string): boolean {
  const member = store.members.get(memberId);
  return member !== undefined && store.sessionsOf(member).kind === 'agent';
}

/** What is to be read of a message: its text, or nothing where it is of a kind that this page does not know. */
export function isReadable({ text, type }: Message): boolean {
  return text !== '' || ['text', 'ask', 'answer'].includes(type);
}
