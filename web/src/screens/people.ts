import type { Member } from '../peer/api';
import { isUrgent } from '../text/sessions';

export interface PeopleGroups {
  here: Member[];
  away: Member[];
  notHere: Member[];
  /** Nobody can say now whether they are here. */
  unknown: Member[];
  joining: Member[];
}

/**
 * Members by presence; those who need an approval first, then by name. A member without a name is still joining. Without a
 * connection the presence of others is not known; oneself is never absent.
 */
export function groupPeople(members: readonly Member[], connected: boolean): PeopleGroups {
  const groups: PeopleGroups = { here: [], away: [], notHere: [], unknown: [], joining: [] };
  for (const member of [...members].sort(order)) {
    if (member.name === '') groups.joining.push(member);
    else if (member.isSelf && (!connected || member.presence === 'offline')) groups.here.push(member);
    else if (!connected) groups.unknown.push(member);
    else if (member.presence === 'online') groups.here.push(member);
    else if (member.presence === 'away') groups.away.push(member);
    else groups.notHere.push(member);
  }
  return groups;
}

function order(a: Member, b: Member): number {
  return Number(isUrgent(b)) - Number(isUrgent(a)) || a.name.localeCompare(b.name) || (a.memberId < b.memberId ? -1 : 1);
}
