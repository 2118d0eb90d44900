import Activity from '@lucide/svelte/icons/activity';
import BookOpen from '@lucide/svelte/icons/book-open';
import Braces from '@lucide/svelte/icons/braces';
import Cpu from '@lucide/svelte/icons/cpu';
import Plus from '@lucide/svelte/icons/plus';
import type { Component } from 'svelte';

export interface NavigationEntry {
  href: string;
  text: string;
  icon: Component;
  /** What it is for, where the name alone may not tell. */
  help?: string;
  /** Served by the studio and no page of the client. */
  isOutside?: boolean;
  isCurrent: (path: string) => boolean;
}

export interface NavigationGroup {
  title: string;
  entries: readonly NavigationEntry[];
}

const below = (start: string) => (path: string) => path === start || path.startsWith(`${start}/`);

/** The pages, as the sidebar and the command palette show them. */
export const navigation: readonly NavigationGroup[] = [
  {
    title: 'Train',
    entries: [
      { href: '/', text: 'Runs', icon: Activity, isCurrent: (path) => path === '/' || (below('/runs')(path) && path !== '/runs/new') },
      { href: '/runs/new', text: 'New run', icon: Plus, isCurrent: (path) => path === '/runs/new' },
    ],
  },
  {
    title: 'Studio',
    entries: [
      { href: '/hardware', text: 'Hardware', icon: Cpu, isCurrent: below('/hardware') },
      { href: '/docs', text: 'Documentation', icon: BookOpen, isCurrent: below('/docs') },
      { href: '/graphql', text: 'API', icon: Braces, help: 'GraphiQL: the whole API, to try out', isOutside: true, isCurrent: () => false },
    ],
  },
];
