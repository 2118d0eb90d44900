// The studio that is put under load, in a process of its own. Arguments: data folder, most sockets. It ends when its parent goes away.
import path from 'node:path';
import process from 'node:process';
import { startServer } from '@anneal/api';
import { createStudio, LocalLauncher, readConfig } from '@anneal/core';
import type { FromServer } from './messages.ts';

const [folder = '', sockets = '0'] = process.argv.slice(2);
const launcher = new LocalLauncher({ program: path.join(import.meta.dirname, 'writing-worker.ts') });
const studio = await createStudio(readConfig({ DATA_DIR: folder }), { launcher });
const limits = { sockets: Number(sockets), subscriptions: Number(sockets) };
const server = await startServer({ studio, limits, clientFolder: path.join(folder, 'no-client') });

// The parent may be gone before its going away is noticed.
const tell = (message: FromServer) => void process.send?.(message, () => undefined);
tell({ type: 'listening', url: server.url });
const timer = setInterval(() => {
  const { user, system } = process.cpuUsage();
  tell({ type: 'usage', time: Date.now(), cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() });
}, 500);

process.once('disconnect', () => {
  clearInterval(timer);
  void server
    .close()
    .then(() => studio.close())
    .finally(() => process.exit(0));
});
