import type { PeerError } from '../peer/api';

/**
 * Codes that this side makes itself, for what happens before or around the peer. Every other code comes from the peer,
 * which takes it from docs/PROTOCOL.md, section 12.
 */
export type LocalCode = 'restarted' | 'superseded' | 'boot_failed' | 'bad_call';

/** An error as it crosses a message port: structured cloning drops the fields of an Error. */
export interface Refusal {
  name: string;
  code: string;
  message: string;
  retry: boolean;
}

/** A refusal as the page throws it. */
export class PeerFailure extends Error implements PeerError {
  override readonly name = 'PeerError';
  readonly code: string;
  readonly retry: boolean;

  constructor(refusal: Omit<Refusal, 'name'>) {
    super(refusal.message);
    this.code = refusal.code;
    this.retry = refusal.retry;
  }
}

export function localRefusal(code: LocalCode, message: string, retry: boolean): Refusal {
  return { name: 'PeerError', code, message, retry };
}

export const SUPERSEDED = localRefusal(
  'superseded',
  'Another tab has taken over. Reload the page.',
  false,
);

/** Turns whatever was thrown into a refusal. What has no code gets `internal`, and says so honestly: retry is false. */
export function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Error) {
    const { code, retry } = thrown as Partial<PeerError>;
    return {
      name: thrown.name,
      code: typeof code === 'string' && code !== '' ? code : 'internal',
      message: thrown.message,
      retry: retry === true,
    };
  }
  return { name: 'Error', code: 'internal', message: String(thrown), retry: false };
}

export function toFailure(thrown: unknown): PeerFailure {
  return thrown instanceof PeerFailure ? thrown : new PeerFailure(toRefusal(thrown));
}
