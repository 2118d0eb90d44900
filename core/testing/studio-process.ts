// A studio in a process of its own, without a server: to be killed by tests. Arguments: data folder, script of its workers.
import process from 'node:process';
import type { Script } from '@anneal/engine/testing';
import { openStudio, scriptedLauncher } from './studio.ts';

const [folder = '', script = '{}'] = process.argv.slice(2);
await openStudio(folder, { launcher: scriptedLauncher(JSON.parse(script) as Script) });
console.log('open');
setInterval(() => undefined, 1000);
