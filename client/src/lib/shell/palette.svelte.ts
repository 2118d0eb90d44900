let isOpen = $state(false);

/** The command palette: whether it is open. */
export const palette = {
  get open(): boolean {
    return isOpen;
  },
  set open(value: boolean) {
    isOpen = value;
  },
};
