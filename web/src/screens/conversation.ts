import type { ConversationId, Direct, Member } from '../peer/api';
import type { MeshStore } from '../stores/mesh.svelte';
import { tally } from '../text/sessions';
import { words } from '../words/en';

/** What a conversation is, for its heading and for sending to it. */
export interface Place {
  kind: 'topic' | 'direct' | 'notes' | 'group';
  title: string;
  detail: string;
  /** What the peer resolves to the recipients: ids, since names may repeat. */
  target: string;
  members: Member[];
  archived: boolean;
  /** Names of those who left: their messages stay, and nothing more can be written to them. */
  departed: string[];
}

/** `null` where this device knows no such topic or member. */
export function placeOf(store: MeshStore, id: ConversationId): Place | null {
  const colon = id.indexOf(':');
  const rest = id.slice(colon + 1);
  if (id.startsWith('topic:')) return topicPlace(store, rest);
  const members = rest.split('-').map((memberId) => store.members.get(memberId));
  if (members.every((member) => member !== undefined)) return memberPlace(store, members);
  const direct = store.state?.directs.find(({ conversation }) => conversation === id);
  return direct ? departedPlace(direct) : null;
}

function departedPlace({ memberIds, name, departed }: Direct): Place {
  const kind = memberIds.length === 1 ? 'direct' : 'group';
  return { kind, title: name, detail: '', target: '', members: [], archived: false, departed };
}

function topicPlace(store: MeshStore, topicId: string): Place | null {
  const topic = store.topics.get(topicId);
  if (!topic) return null;
  return {
    kind: 'topic',
    title: topic.name,
    detail: topic.description,
    target: `#${topicId}`,
    members: [],
    archived: topic.archived,
    departed: [],
  };
}

function memberPlace(store: MeshStore, members: Member[]): Place | null {
  const [only] = members;
  if (!only) return null;
  const alone = members.length === 1;
  const kind = !alone ? 'group' : only.isSelf ? 'notes' : 'direct';
  return {
    kind,
    title: kind === 'notes' ? words.nav.notes : members.map(({ memberId }) => store.nameOf(memberId)).join(', '),
    detail: kind === 'direct' ? doing(store, only) : '',
    target: members.map(({ memberId }) => memberId).join(','),
    members,
    archived: false,
    departed: [],
  };
}

/** What a member says that it does; of an agent with several sessions, what they do. */
function doing(store: MeshStore, member: Member): string {
  const { kind, shown, apart, summary } = store.sessionsOf(member);
  return apart && kind !== 'person' ? tally(shown).map(([status, n]) => words.people.tally[status](n)).join(' · ') : summary;
}

export function emptyText(place: Place): string {
  switch (place.kind) {
    case 'topic':
      return words.conversation.emptyTopic(place.title);
    case 'notes':
      return words.conversation.emptyNotes;
    case 'group':
      return words.conversation.emptyGroup;
    case 'direct':
      return words.conversation.emptyDirect(place.title);
  }
}
