import type { Invite } from '../peer/api';

/** Whether a link leads to the machine that it is opened on, wherever that is. */
export function isLoopback(link: string): boolean {
  const { hostname } = new URL(link);
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}

/** One line to paste into a terminal. Links hold no quote: codes and secrets are letters, digits, `-` and `_`. */
export function joinCommand(link: string): string {
  return `claudemesh join '${link.replaceAll("'", '%27')}'`;
}

/** An invite that can be shown again instead of making another: made here, for members, and good for an hour or more. */
export function reusable(invites: readonly Invite[], now: number): Invite | undefined {
  return invites.find(
    (invite) =>
      invite.link !== '' &&
      invite.state === 'open' &&
      invite.role === 'member' &&
      invite.expiresAt - now > 3_600_000,
  );
}
