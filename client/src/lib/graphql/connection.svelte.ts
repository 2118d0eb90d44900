import { refused, tokens } from '../session/credentials.ts';
import { openSocket, type ConnectionState } from './socket.ts';

let state = $state<ConnectionState>('connecting');
/** How often the connection was made. What holds no cursor reads again when it rises. */
let times = $state(0);

/** The connection to the studio, as the page shows it. */
export const connection = {
  get state() {
    return state;
  },
  get times() {
    return times;
  },
};

/** Resolves when the network is back or the page is looked at again. */
function awaken(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      window.removeEventListener('online', done);
      document.removeEventListener('visibilitychange', seen);
      resolve();
    };
    const seen = (): void => {
      if (document.visibilityState === 'visible') done();
    };
    window.addEventListener('online', done);
    document.addEventListener('visibilitychange', seen);
  });
}

export const socket = openSocket({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
  awaken,
  authorization: () => tokens.authorization(),
  refused,
  changed(next) {
    state = next !== 'live' && !navigator.onLine ? 'offline' : next;
    if (next === 'live') times += 1;
  },
});
