import type { Invite } from '../peer/api';

/** Whether a link leads to the machine that it is opened on, wherever that is. */
export function isLoopback(link: string): boolean {
  const { hostname } = new URL(link);
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}

export type Shell = 'sh' | 'powershell';

/** One line for a terminal that has the program. */
export function joinCommand(link: string): string {
  return `claudemesh join ${quoted(link)}`;
}

/**
 * One line for a terminal that has nothing yet: it fetches a script from the relay, which fetches the program, checks its
 * sum and joins. The secret of the link is an argument on that machine, and in nothing that is asked of the relay.
 */
export function installCommand(link: string, shell: Shell): string {
  const { origin } = new URL(link);
  if (shell === 'sh') return `curl -fsSL ${origin}/install.sh | sh -s -- ${quoted(link)}`;
  return `& ([scriptblock]::Create((irm ${origin}/install.ps1))) ${quoted(link)}`;
}

/** The same where the relay hands out no programs, in the folder of the source. */
export function buildCommand(link: string): string {
  return `make build && bin/${joinCommand(link)} --setup`;
}

/** Links hold letters, digits, `-` and `_` after their origin; whatever else this one holds cannot end the quotes of any shell. */
function quoted(link: string): string {
  return `'${link.replaceAll("'", '%27').replace(/[^!-~]/gu, encodeURIComponent)}'`;
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
