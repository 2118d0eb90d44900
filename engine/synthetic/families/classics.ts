import type { Family } from '../item.ts';
import { arithmeticClassics } from './classics/arithmetic.ts';
import { collectionsClassics } from './classics/collections.ts';
import { listsClassics } from './classics/lists.ts';
import { measuresClassics } from './classics/measures.ts';
import { textsClassics } from './classics/texts.ts';

/** Well-known functions that share no pieces with each other: learned whole, never held out. */
export const classics: Family = {
  id: 'classic',
  weight: 2,
  compositional: false,
  structures: [...arithmeticClassics, ...listsClassics, ...textsClassics, ...collectionsClassics, ...measuresClassics],
};
