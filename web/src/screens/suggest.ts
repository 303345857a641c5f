import type { Member, Recipient, Session, Suggestion } from '../peer/api';
import type { MeshStore } from '../stores/mesh.svelte';
import { nameKey } from '../text/names';
import { words } from '../words/en';

/** The sessions of those of `members` whose name was typed whole, or of which one was begun behind a slash. */
export function suggestSessions(store: MeshStore, members: readonly Member[], typed: string): Suggestion[] {
  const text = nameKey(typed.replace(/^@/, ''));
  return members.flatMap((member) => {
    const name = nameKey(member.name);
    if (name === '' || (text !== name && !text.startsWith(`${name}/`))) return [];
    const begun = text.slice(name.length + 1);
    const { shown, labels } = store.sessionsOf(member);
    return shown
      .map((session) => ({ session, label: labels.get(session.sessionId) ?? '' }))
      .filter(({ session, label }) => nameKey(label).startsWith(begun) || session.sessionId.startsWith(begun))
      .map(({ session, label }) => suggestion(store, member, session, label));
  });
}

function suggestion(store: MeshStore, member: Member, session: Session, label: string): Suggestion {
  const whom = store.isAmbiguous(member.name) ? member.memberId.slice(0, 12) : `@${member.name}`;
  const key = nameKey(label);
  const others = store.sessionsOf(member).shown.filter((one) => one !== session);
  // A label of one word is a directory or a machine. Where that could be taken for another session, the id decides.
  const plain = /^[^\s/]+$/.test(label) && others.every(({ host, sessionId }) => nameKey(host) !== key && !sessionId.startsWith(key));
  const which = plain ? label : session.sessionId.slice(0, 12);
  return {
    target: `${whom}/${which}`,
    label: `${member.name}/${label}`,
    detail: [words.status[session.status], session.summary].filter((part) => part !== '').join(' · '),
    kind: session.kind,
    memberId: member.memberId,
  };
}

/** What means the one that a person chose of those that were ambiguous: a member, or one of its sessions, named behind a slash. */
export function targetOf(store: MeshStore, { memberId, name }: Recipient): string {
  const member = memberId.slice(0, 12);
  const session = name === store.members.get(memberId)?.name ? undefined : /\/([0-9a-f]{8})$/.exec(name)?.[1];
  return session === undefined ? member : `${member}/${session}`;
}
