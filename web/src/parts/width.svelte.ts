import { MediaQuery } from 'svelte/reactivity';

const columns = new MediaQuery('min-width: 721px');
const people = new MediaQuery('min-width: 1081px');

/** How many columns there is room for; the same limits stand in MeshShell.svelte's styles. */
export const wide = {
  /** More than one column. */
  get current(): boolean {
    return columns.current;
  },
  /** A column for people too. */
  get people(): boolean {
    return people.current;
  },
};
