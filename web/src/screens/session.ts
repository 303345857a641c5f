import type { Session } from '../peer/api';
import { shortId } from '../text/names';
import { words } from '../words/en';

export interface Detail {
  term: string;
  value: string;
}

/** All that a session tells of itself; its row may have no room for the whole summary. */
export function detailsOf(session: Session): Detail[] {
  const { summary, directory, host, model, client, tags } = words.session;
  return [
    { term: summary, value: session.summary },
    { term: directory, value: session.directory },
    { term: host, value: session.host },
    { term: model, value: session.model },
    { term: client, value: session.client },
    { term: tags, value: session.tags.join(', ') },
    { term: words.session.id, value: shortId(session.sessionId) },
  ].filter(({ value }) => value !== '');
}

/** The same for the pointer that rests on a row. */
export function detailsText(session: Session): string {
  return detailsOf(session)
    .map(({ term, value }) => `${term}: ${value}`)
    .join('\n');
}
