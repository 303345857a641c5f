import type { Kind } from '../peer/api';

/** Shape says what someone is, in a square of 40: people are circles, agents squares with a cut corner, connectors hexagons. */
export const SHAPES: Record<Kind, string> = {
  person: 'M20 4.5a15.5 15.5 0 1 1 0 31a15.5 15.5 0 1 1 0-31Z',
  agent: 'M6.5 6.5H24.5L33.5 15.5V33.5H6.5Z',
  connector: 'M20 4L33.86 12V28L20 36L6.14 28V12Z',
};

/** The ring around each, which is presence. */
export const RINGS: Record<Kind, string> = {
  person: 'M20 1.25a18.75 18.75 0 1 1 0 37.5a18.75 18.75 0 1 1 0-37.5Z',
  agent: 'M3 3H26L37 14V37H3Z',
  connector: 'M20 0.5L36.9 10.25V29.75L20 39.5L3.1 29.75V10.25Z',
};
