import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { postgresqlPrograms } from './programs.mjs';

const execute = promisify(execFile);

/** Whether the programs of PostgreSQL's server are on this machine. */
export const hasPostgresql = (): boolean => postgresqlPrograms() !== undefined;

/** A PostgreSQL server of its own on a spare loopback port, in a temporary folder: to be used, killed and thrown away by tests. */
export class PostgresqlServer {
  readonly #folder: string;
  readonly #programs: string;
  readonly #port: number;

  private constructor(folder: string, programs: string, port: number) {
    this.#folder = folder;
    this.#programs = programs;
    this.#port = port;
  }

  /** @throws Error when PostgreSQL is not installed, or does not start */
  static async start(): Promise<PostgresqlServer> {
    const programs = postgresqlPrograms();
    if (programs === undefined) throw new Error('PostgreSQL is not installed: on Debian, apt-get install postgresql.');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-postgresql-'));
    if (process.getuid?.() === 0) fs.chownSync(folder, ...serverUser());
    const server = new PostgresqlServer(folder, programs, await freePort());
    try {
      await server.#run('initdb', [
        '--pgdata',
        server.#data,
        '--username=anneal',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ]);
      await server.open();
    } catch (error) {
      server.#remove();
      throw error;
    }
    return server;
  }

  /** Of a database of this server. */
  url(database = 'postgres', parameters = ''): string {
    return `postgresql://anneal@127.0.0.1:${this.#port}/${database}${parameters}`;
  }

  /** Starts it, also again after `kill`. */
  async open(): Promise<void> {
    const options = [
      `-p ${this.#port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='${this.#folder}'`,
      // Nothing here has to outlive a power cut.
      '-c fsync=off -c full_page_writes=off -c max_connections=300 -c max_wal_size=256MB -c shared_buffers=64MB',
    ].join(' ');
    const log = path.join(this.#folder, 'log');
    await this.#run('pg_ctl', ['start', '--wait', '--timeout=60', '--pgdata', this.#data, '--log', log, '--options', options]);
  }

  /** Ends all of its processes at once, as a crash of the machine would. */
  async kill(): Promise<void> {
    const [pid = ''] = fs.readFileSync(path.join(this.#data, 'postmaster.pid'), 'utf8').split('\n');
    const family = [Number(pid), ...childrenOf(Number(pid))];
    for (const member of family) signal(member, 'SIGKILL');
    for (const member of family) while (signal(member, 0)) await new Promise((resolve) => setTimeout(resolve, 10));
    fs.rmSync(path.join(this.#data, 'postmaster.pid'), { force: true });
  }

  /** Ends it in order, but does not wait for those who are connected. */
  async stop(): Promise<void> {
    await this.#run('pg_ctl', ['stop', '--wait', '--mode=fast', '--pgdata', this.#data]);
  }

  /** Runs statements on one of its databases. */
  async execute(sql: string, database = 'postgres'): Promise<void> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }

  /** A new database, empty or a copy of another one. @returns its URL */
  async createDatabase(template = 'template0', name = `test_${randomBytes(6).toString('hex')}`): Promise<string> {
    await this.execute(`CREATE DATABASE "${name}" TEMPLATE "${template}"`);
    return this.url(name);
  }

  /** Ends it and removes everything. */
  async close(): Promise<void> {
    if (fs.existsSync(path.join(this.#data, 'postmaster.pid')))
      await this.#run('pg_ctl', ['stop', '--wait', '--mode=immediate', '--pgdata', this.#data]).catch(() => undefined);
    this.#remove();
  }

  get #data(): string {
    return path.join(this.#folder, 'data');
  }

  #remove(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** The server refuses to run as root. */
  async #run(program: string, given: readonly string[]): Promise<void> {
    const [user, group] = process.getuid?.() === 0 ? serverUser() : [undefined, undefined];
    await execute(path.join(this.#programs, program), [...given], {
      cwd: this.#folder,
      ...(user !== undefined && { uid: user, gid: group }),
      // What it says on its output would hold the pipe open for as long as the server runs.
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    });
  }
}

/** User and group that the server runs as when this process is root's: those that Debian makes for it, or nobody's. */
function serverUser(): [number, number] {
  const idOf = (...options: string[]) => {
    const { stdout, status } = spawnSync('id', options, { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : 65_534;
  };
  return [idOf('-u', 'postgres'), idOf('-g', 'postgres')];
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map(Number)
    .filter((number) => number > 0);
}

/** @returns whether there is such a process */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
