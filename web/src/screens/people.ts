import type { Member } from '../peer/api';

export interface PeopleGroups {
  here: Member[];
  away: Member[];
  notHere: Member[];
  joining: Member[];
}

/** Members by presence; those who need an approval first, then by name. A member without a name is still joining. */
export function groupPeople(members: readonly Member[]): PeopleGroups {
  const groups: PeopleGroups = { here: [], away: [], notHere: [], joining: [] };
  for (const member of [...members].sort(order)) {
    if (member.name === '') groups.joining.push(member);
    else if (member.presence === 'online') groups.here.push(member);
    else if (member.presence === 'away') groups.away.push(member);
    else groups.notHere.push(member);
  }
  return groups;
}

function order(a: Member, b: Member): number {
  return urgency(b) - urgency(a) || a.name.localeCompare(b.name) || (a.memberId < b.memberId ? -1 : 1);
}

function urgency(member: Member): number {
  return member.presence !== 'offline' && member.status === 'needs-approval' ? 1 : 0;
}
