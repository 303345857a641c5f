/**
 * The peer's own sentence for a code (docs/PROTOCOL.md, section 12) is what a person reads. Here stand only those where
 * the page knows more than the peer does: what was asked, and what can be done on this screen.
 */
export const problemWords: Record<string, string> = {
  unreachable: 'The relay cannot be reached. Check the connection and try again; nothing was lost.',
  boot_failed: 'The encrypting part of this page did not load. Check the connection and reload the page; nothing stored was lost.',
  internal: 'Something failed that should not have. Nothing stored was lost; reload the page and try again.',
};

export const inviteProblemWords: Record<string, string> = {
  ...problemWords,
  malformed: 'This is not a whole invite link. Copy it again, from https to its last character.',
  not_found: 'This relay knows no invite with this code. Compare the address with the one you were sent, or ask for a new link.',
  unreachable: 'The relay cannot be reached, so nothing was claimed. Check the connection and try again; the invite keeps its uses.',
};

export const createProblemWords: Record<string, string> = {
  ...problemWords,
  operator_token: 'On this relay, making a mesh needs a token from its operator. Ask for one and enter it here.',
  creation_closed: 'This relay makes no new meshes. Ask its operator, or run a relay of your own.',
};
