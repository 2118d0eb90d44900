import { CloseCode, createClient, type Client, type ClientOptions } from 'graphql-ws';

/** live: connected. reconnecting: lost a moment ago. offline: no answer for a while, or the device says that it has no network. */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'offline';

export interface SocketOptions {
  url: string;
  /** Told whenever the state changes. */
  changed: (state: ConnectionState) => void;
  /** Resolves when it is worth trying at once: the network is back, or somebody looks at the page again. */
  awaken?: () => Promise<void>;
  /** `Bearer …` of whoever is logged in; asked at each connection. */
  authorization?: () => Promise<string | undefined>;
  /** The studio closed it because of who asks: the session has ended, or may do something else now. */
  refused?: () => void;
  webSocketImpl?: ClientOptions['webSocketImpl'];
}

/** After so many failed attempts (about ten seconds) the studio counts as out of reach. */
const attemptsUntilOffline = 5;
const longestWait = 10_000;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * One WebSocket for everything live. It reconnects for ever, with a growing and jittered pause, and notices
 * a connection that has silently died because a ping stays without its pong.
 */
export function openSocket({
  url,
  changed,
  awaken = () => new Promise<void>(() => {}),
  authorization = async () => undefined,
  refused = () => {},
  webSocketImpl,
}: SocketOptions): Client {
  let failures = 0;
  let overdue: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url,
    webSocketImpl,
    connectionParams: async () => ({ authorization: await authorization() }),
    lazy: false,
    keepAlive: 10_000,
    connectionAckWaitTimeout: 10_000,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (attempt) => Promise.race([pause(Math.min(longestWait, 250 * 2 ** attempt) * (0.75 + Math.random() / 2)), awaken()]),
    // The state is shown by `changed`; there is nobody else to tell.
    onNonLazyError: () => {},
    on: {
      connected: () => {
        failures = 0;
        changed('live');
      },
      closed: (event) => {
        clearTimeout(overdue);
        if (codeOf(event) === CloseCode.Forbidden) refused();
        failures += 1;
        changed(failures > attemptsUntilOffline ? 'offline' : 'reconnecting');
      },
      ping: (received) => {
        if (!received) overdue = setTimeout(() => client.terminate(), 5_000);
      },
      pong: (received) => {
        if (received) clearTimeout(overdue);
      },
    },
  });
  return client;
}

/** Of a close event, whichever WebSocket it comes from. */
function codeOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'code' in event ? event.code : undefined;
}
