export type ThemeChoice = 'system' | 'light' | 'dark';

/** The same key as in app.html, which sets the colours before the first paint. */
const key = 'anneal.theme';
const darkSystem = matchMedia('(prefers-color-scheme: dark)');

function stored(): ThemeChoice {
  const value = localStorage.getItem(key);
  return value === 'light' || value === 'dark' ? value : 'system';
}

let choice = $state<ThemeChoice>(stored());
let systemIsDark = $state(darkSystem.matches);

darkSystem.addEventListener('change', (event) => {
  systemIsDark = event.matches;
  apply();
});

function apply(): void {
  document.documentElement.dataset.theme = theme.dark ? 'dark' : 'light';
}

/** Light or dark, as the system says or as somebody chose. */
export const theme = {
  get choice(): ThemeChoice {
    return choice;
  },
  get dark(): boolean {
    return choice === 'dark' || (choice === 'system' && systemIsDark);
  },
  choose(next: ThemeChoice): void {
    choice = next;
    if (next === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, next);
    apply();
  },
};
