// What runs in the process of a plugin: takes the guard's measures, loads the plugin, and answers the studio's calls on file descriptor 3.
import net from 'node:net';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { Lines } from '../lines.ts';
import { type FromPlugin, longestText, toPlugin } from '../messages.ts';
import { Calls } from './calls.ts';
import { guard } from './guard.ts';
import { readPlugin } from './read-plugin.ts';

const channel = new net.Socket({ fd: 3, readable: true, writable: true });
const write = (line: string): void => void channel.write(`${line}\n`);
const send = (message: FromPlugin): void => write(JSON.stringify(message));

/** Where the studio ended, so does this. */
const leave = (): never => process.exit(0);
channel.on('end', leave).on('error', leave).on('close', leave);

const lines = new Lines(256 * 1024 * 1024);
let calls: Calls | undefined;
channel.on('data', (data) => {
  for (const line of lines.take(data)) take(line);
});

function take(line: string): void {
  const message = toPlugin.parse(JSON.parse(line));
  if (message.type === 'ping') send({ type: 'pong', id: message.id });
  else if (message.type === 'load') void load(message);
  else calls?.take(message);
}

async function load({ file, isNetworkAllowed, settings, longestResult }: Extract<ReturnType<typeof toPlugin.parse>, { type: 'load' }>) {
  try {
    await guard({ isNetworkAllowed, channel });
    const loaded: unknown = await import(pathToFileURL(file).href);
    const plugin = readPlugin(loaded);
    calls = new Calls(plugin, settings, { send, write, longestResult });
    const { kind, settings: schema, methods } = plugin;
    const settingsIssues = await plugin.checkSettings(settings);
    const told = [...methods].map(([name, { input, output, isStream }]) => [name, { input, output, isStream }] as const);
    send({ type: 'loaded', description: { kind, settings: schema, methods: Object.fromEntries(told) }, settingsIssues });
  } catch (error) {
    send({ type: 'notLoaded', message: (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, longestText) });
  }
}
