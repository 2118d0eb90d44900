import { checkSize } from './page.ts';

/** Descriptions of what the Relay plugin makes. */
export const relayOptions = {
  nodeTypeOptions: { description: 'Something with an id of its own that can be read again with it.' },
  idFieldOptions: { description: 'Global id.' },
  nodeQueryOptions: {
    description: 'Anything with a global id; null when there is no such thing (any more).',
    args: { id: { description: 'Its global id.' } },
  },
  nodesQueryOptions: {
    description: 'Several things at once, in the order of their ids; null in the place of each that is not there.',
    args: { ids: { description: 'Their global ids, 1 to 100.' } },
    complexity: ({ ids }: { ids: readonly unknown[] }) => {
      checkSize('ids', ids.length);
      return { field: 1, multiplier: ids.length };
    },
  },
  pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
  hasNextPageFieldOptions: { description: 'Whether there are more items behind this page.' },
  hasPreviousPageFieldOptions: { description: 'Whether there are items before this page.' },
  startCursorFieldOptions: { description: 'Cursor of the first item, for `before`; null on an empty page.' },
  endCursorFieldOptions: { description: 'Cursor of the last item, for `after`; null on an empty page.' },
  beforeArgOptions: { description: 'Only what comes before the item with this cursor.' },
  afterArgOptions: { description: 'Only what comes after the item with this cursor.' },
  firstArgOptions: { description: 'How many, counted from the front: 1 to 100. Default 20.' },
  lastArgOptions: { description: 'How many, counted from the end: 1 to 100. The order stays the same.' },
  defaultConnectionTypeOptions: { description: 'A page of a list.' },
  defaultEdgeTypeOptions: { description: 'An item of a list, with its place.' },
  edgesFieldOptions: { description: 'The items of the page.' },
  pageInfoFieldOptions: { description: 'Where the page lies in the list.' },
  cursorFieldOptions: { description: 'Place of the item, for `after` and `before`.' },
  nodeFieldOptions: { description: 'The item itself.' },
};
