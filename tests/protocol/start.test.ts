import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { studioProgram } from './studio-program.ts';

const { start, folder } = studioProgram();

/** One clear paragraph, no stack, exit code 1. */
async function refusal(environment: Record<string, string>, options?: string[]): Promise<string> {
  const { output, exited } = start(environment, options);
  expect(await exited).toBe(1);
  expect(output.stderr).not.toMatch(/^\s+at /m);
  expect(output.stdout).toBe('');
  return output.stderr;
}

describe('a start that cannot be', () => {
  it('names a port in use and how to take another one', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await refusal({ PORT: String(port) })).toMatch(new RegExp(`Port ${port} .* is in use.*PORT=\\d+ npm start`));
    other.close();
  });

  it('names a data folder that cannot be written', async () => {
    await writeFile(path.join(folder(), 'file'), '');
    const message = await refusal({ DATA_DIR: path.join(folder(), 'file', 'data') });
    expect(message).toContain(path.join(folder(), 'file', 'data'));
    expect(message).toContain('DATA_DIR');
  });

  it.each([
    [{ PORT: 'many' }, 'PORT'],
    [{ HOST: '203.0.113.7' }, 'HOST'],
    [{ HOST: '0.0.0.0', ACCOUNTS: 'off' }, 'ACCOUNTS'],
  ])('names a wrong setting: %o', async (environment, name) => {
    expect(await refusal(environment)).toContain(name);
  });

  it('names an option that there is not', async () => {
    expect(await refusal({}, ['--no-quickstrat'])).toContain('--no-quickstrat');
  });

  it('names a file that is no database', async () => {
    const file = path.join(folder(), 'notes.db');
    await writeFile(file, 'my notes, which are no database at all'.repeat(100));
    expect(await refusal({ DATABASE_URL: `file:${file}` })).toContain(file);
  });

  it('names the studio that uses the data folder already', async () => {
    const first = start({});
    await first.listening();
    expect(await refusal({})).toMatch(/in use by another studio.*DATA_DIR/);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
  });
});

describe('a running studio', () => {
  it('says where to look, and ends in order at the first signal', async () => {
    const { child, output, exited, listening } = start({});
    const url = await listening();
    expect(output.stdout).toContain(`${url}/graphql`);
    expect(output.stdout).toContain(path.join(folder(), 'data'));
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' });
    child.kill('SIGINT');
    expect(await exited).toBe(0);
    expect(output.stdout).toContain('npm start comes back to them');
    expect(output.stderr).toBe('');
    expect(output.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('with accounts shows the code for the first one, until there is one', async () => {
    const { child, output, exited, listening } = start({ ACCOUNTS: 'required' });
    const url = await listening();
    const code = /Set-up +(\S{16}) /.exec(output.stdout)?.[1] ?? '';
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `mutation { register(input: { email: "ada@lab.example", name: "Ada", password: "correct horse battery", setupCode: "${code}" }) { __typename } }`,
      }),
    });
    expect(await answer.json()).toMatchObject({ data: { register: { __typename: 'RegisterSuccess' } } });
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    const next = start({ ACCOUNTS: 'required' });
    await next.listening();
    expect(next.output.stdout).not.toContain('Set-up');
    next.child.kill('SIGTERM');
    expect(await next.exited).toBe(0);
  });

  it('leaves the folder to the next one', async () => {
    for (let round = 0; round < 2; round++) {
      const { child, exited, listening } = start({});
      await listening();
      child.kill('SIGTERM');
      expect(await exited).toBe(0);
    }
  });
});
