import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadTrainingData } from '../dataset.ts';
import { openForSample, openSource } from '../source.ts';
import { dataSettings, loadOptions, makeTokenizer, specialTokens } from '../testing/load.ts';
import { type HubServer, startHubServer } from '../testing/hub-server.ts';
import { chooseFiles } from './choose-files.ts';
import { parseHubPath } from './location.ts';
import { checkHubFiles, fetchHubFiles, pinHubPath } from './snapshot.ts';

const commits = { old: 'a'.repeat(40), now: 'b'.repeat(40) };
const lines = (split: string, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => `${JSON.stringify({ text: `${split} row ${i}` })}\n`).join(''));

let cache: string;
let hub: HubServer;
beforeAll(async () => {
  hub = await startHubServer();
});
afterAll(() => hub.close());
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'anneal-hub-'));
  vi.stubEnv('ANNEAL_CACHE', cache);
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_TOKEN', '');
  hub.requests = [];
  hub.mishaps = [];
  hub.datasets = {
    'ada/notes': {
      revisions: { main: commits.now, 'v1.0': commits.old },
      files: {
        'README.md': Buffer.from('# Notes'),
        '.gitattributes': Buffer.from('*.parquet lfs'),
        'data/train-00000-of-00002.jsonl': lines('train', 50),
        'data/train-00001-of-00002.jsonl': lines('train more', 3),
        'data/validation-00000-of-00001.jsonl': lines('validation', 4),
      },
    },
  };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

const fetchNotes = (split = 'train', revision = 'main') => fetchHubFiles('hub:ada/notes', revision, split);
const asked = (place: 'hub' | 'storage') => hub.requests.filter((request) => request.place === place).map(({ path }) => path);

describe('some rows of a dataset on the Hub', () => {
  const sampled = async (most: number) => {
    const source = await openForSample({ path: 'hub:ada/notes', revision: 'main', split: 'train' }, []);
    const rows: unknown[] = [];
    for (const part of source.parts) {
      for await (const some of part.rows()) {
        rows.push(...some.map((row) => ('value' in row ? row.value : row)));
        if (rows.length >= most) return { rows: rows.slice(0, most), bytes: source.bytes };
      }
    }
    return { rows, bytes: source.bytes };
  };
  const inCache = async () => (await readdir(cache, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());

  it('come over the network, and no file is fetched for them', async () => {
    const large = lines('train', 200_000);
    hub.datasets['ada/notes']!.files = { 'train-00000-of-00002.jsonl': large, 'train-00001-of-00002.jsonl': large };
    const { rows, bytes } = await sampled(3);
    expect(rows).toEqual([{ text: 'train row 0' }, { text: 'train row 1' }, { text: 'train row 2' }]);
    expect(bytes).toBe(2 * large.length);
    expect(asked('storage').some((path) => path.endsWith('train-00001-of-00002.jsonl'))).toBe(false);
    expect((await inCache()).map(({ name }) => name)).toEqual(['.listing.json']);
  });

  it('are read out of packed files as well', async () => {
    const parquet = await readFile(join(import.meta.dirname, '../golden/alpaca-snappy.parquet'));
    hub.datasets['ada/notes']!.files = { 'data/train.parquet': parquet };
    const { rows } = await sampled(1);
    expect(rows[0]).toHaveProperty('instruction');
    hub.datasets['ada/notes']!.revisions.main = commits.old;
    hub.datasets['ada/notes']!.files = { 'train.jsonl.gz': gzipSync(lines('train', 5)) };
    expect((await sampled(9)).rows).toHaveLength(5);
  });

  it('are read from here where the files are here', async () => {
    await fetchNotes();
    hub.requests = [];
    expect((await sampled(99)).rows).toHaveLength(53);
    expect(asked('storage')).toEqual([]);
  });

  it('cannot be had where the network fails', async () => {
    hub.mishaps = [{ breakAfter: 1000 }];
    hub.datasets['ada/notes']!.files = { 'train.jsonl': lines('train', 200_000) };
    await expect(sampled(Infinity)).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND', message: expect.stringContaining('train.jsonl') });
  });
});

describe('a dataset on the Hub', () => {
  it('is fetched at the commit of its branch, split by split, by way of the storage', async () => {
    const told: string[] = [];
    const files = await fetchHubFiles('hub:ada/notes', 'main', 'train', (message) => told.push(message()));
    expect(told).toContain('Fetching data/train-00000-of-00002.jsonl of dataset ada/notes from the Hub: 0 of 0 MB.');
    expect(files.map((file) => file.slice(cache.length))).toEqual([
      `/hub/ada--notes/${commits.now}/data/train-00000-of-00002.jsonl`,
      `/hub/ada--notes/${commits.now}/data/train-00001-of-00002.jsonl`,
    ]);
    expect(await Promise.all(files.map((file) => readFile(file)))).toEqual([lines('train', 50), lines('train more', 3)]);
    expect(asked('hub').filter((path) => path.includes('/tree/')).length).toBe(3);
    expect(asked('hub').every((path) => !path.includes('/resolve/') || path.includes(commits.now))).toBe(true);
    expect((await fetchNotes('validation')).length).toBe(1);
  });

  it('is not asked for again at a commit that is here', async () => {
    const pinned = await pinHubPath('hub:ada/notes', 'v1.0');
    expect(pinned).toBe(`hub:ada/notes@${commits.old}`);
    const files = await fetchHubFiles(pinned, 'main', 'train');
    const before = hub.requests.length;
    expect(await fetchHubFiles(pinned, 'main', 'train')).toEqual(files);
    expect(hub.requests.length).toBe(before);
  });

  it('is trained on, with its validation split to evaluate', async () => {
    const tokenizer = await makeTokenizer(cache, 'byte-level', specialTokens);
    const settings = dataSettings({ path: 'hub:ada/notes', validationPath: 'hub:ada/notes' });
    const data = await loadTrainingData(settings, loadOptions(tokenizer));
    expect([data.trainExamples, data.validation.length, data.format]).toEqual([53, 4, 'text']);
    const source = await openSource(settings, []);
    expect(source.parts.map(({ label }) => label)).toEqual(['train-00000-of-00002.jsonl', 'train-00001-of-00002.jsonl']);
  });

  it('is read with the token that it needs, which the storage does not get to see', async () => {
    hub.datasets['ada/notes'] = {
      ...hub.datasets['ada/notes'],
      revisions: { main: commits.now },
      files: { 'a.jsonl': lines('x', 9) },
      access: { token: 'hf_secret' },
    };
    await expect(fetchNotes()).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringMatching(/dataset ada\/notes .*does not exist, or it needs a token.*HF_TOKEN/),
    });
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    expect((await fetchNotes()).length).toBe(1);
    expect(hub.requests.filter(({ place }) => place === 'storage').length).toBeGreaterThan(0);
    for (const { place, authorization } of hub.requests.slice(1))
      expect(authorization).toBe(place === 'hub' ? 'Bearer hf_secret' : undefined);
    vi.stubEnv('HF_TOKEN', 'secret');
    await expect(fetchNotes()).rejects.toThrow('HF_TOKEN holds no token');
  });
});

describe('what goes wrong on the way', () => {
  it('is tried again, and goes on where it broke off', async () => {
    hub.mishaps = [{ status: 503 }, { breakAfter: 700 }];
    const [first = ''] = await fetchNotes();
    expect(await readFile(first)).toEqual(lines('train', 50));
    expect(hub.requests.some(({ range }) => range?.startsWith('bytes=700-'))).toBe(true);
  });

  it('leaves nothing behind that looks whole', async () => {
    const wrong = Buffer.from(lines('train', 50)).fill('x', 10, 20);
    hub.mishaps = [{ content: wrong }];
    await expect(fetchNotes()).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringContaining('its checksum is another one'),
    });
    expect(await readdir(join(cache, 'hub', 'ada--notes', commits.now, 'data'))).toEqual([]);
    expect((await fetchNotes()).length).toBe(2);
  });

  it('is told apart: no such dataset, no such revision, no access, no network', async () => {
    await expect(fetchHubFiles('hub:ada/diary', 'main', 'train')).rejects.toThrow(/dataset ada\/diary .*is not to be seen/);
    await expect(fetchNotes('train', 'v9')).rejects.toThrow(/There is no dataset ada\/notes with the revision v9/);
    hub.datasets['ada/notes'] = { revisions: { main: commits.now }, files: { 'a.jsonl': lines('x', 9) }, access: 'gated' };
    await expect(fetchNotes()).rejects.toThrow(/is not open to everybody.*HF_TOKEN is not set: ask for access/);
    const gone = await startHubServer();
    await gone.close();
    vi.stubEnv('HF_ENDPOINT', gone.url);
    await expect(fetchNotes()).rejects.toThrow(
      `cannot be fetched from ${gone.url}: ECONNREFUSED. Check the network, or download it elsewhere`,
    );
  });

  it('can be known before anything is fetched', async () => {
    await checkHubFiles('hub:ada/notes', 'main', 'train');
    await expect(checkHubFiles('hub:ada/notes', 'main', 'test')).rejects.toThrow(
      'has no split "test"; it has train, validation. Set data.split.',
    );
    expect(asked('storage')).toEqual([]);
  });
});

describe('paths', () => {
  it.each([
    ['hub:ada/notes', { id: 'ada/notes', revision: null, inside: '' }],
    ['hub:ada/notes@v1.0', { id: 'ada/notes', revision: 'v1.0', inside: '' }],
    ['hub:ada/notes/data/a b.csv', { id: 'ada/notes', revision: null, inside: 'data/a b.csv' }],
    ['hub:ada/my.notes_2@main/data/', { id: 'ada/my.notes_2', revision: 'main', inside: 'data' }],
  ])('%s', (path, location) => expect(parseHubPath(path)).toEqual(location));

  it.each(['hub:', 'hub:notes', 'hub:../x', 'hub:ada/..', 'hub:a b/c'])('%s is none', (path) => {
    expect(() => parseHubPath(path)).toThrow('names no dataset on the Hub');
  });
});

describe('the files of a split', () => {
  const choose = (paths: string[], split = 'train', inside = '') => chooseFiles('It', paths, { inside, split });
  it.each([
    [['alpaca.json', 'README.md', 'dataset_infos.json'], 'train', ['alpaca.json']],
    [['b.csv', 'a.csv'], 'train', ['a.csv', 'b.csv']],
    [['train.jsonl', 'test.jsonl', 'dev.jsonl'], 'validation', ['dev.jsonl']],
    [
      ['data/train_sft-00000-of-00001.parquet', 'data/train_prefs-00000-of-00001.parquet'],
      'train_prefs',
      ['data/train_prefs-00000-of-00001.parquet'],
    ],
    [['train/1.jsonl', 'train/2.jsonl', 'test/1.jsonl'], 'train', ['train/1.jsonl', 'train/2.jsonl']],
    [['constraints.jsonl', '.cache/train.jsonl'], 'train', ['constraints.jsonl']],
  ])('of %j for %s', (paths, split, expected) => expect(choose(paths, split)).toEqual(expected));

  it('may lie in a folder that is named', () => {
    const paths = ['main/train.parquet', 'socratic/train.parquet', 'socratic/test.parquet'];
    expect(() => choose(paths)).toThrow('has data in several folders (main, socratic): name one');
    expect(choose(paths, 'train', 'socratic')).toEqual(['socratic/train.parquet']);
    expect(choose(paths, 'train', 'socratic/test.parquet')).toEqual(['socratic/test.parquet']);
    expect(() => choose(paths, 'train', 'other')).toThrow('has no data files (.jsonl, .json, .csv, .tsv or .parquet) at other');
  });

  it('are not guessed', () => {
    expect(() => choose(['train.jsonl', 'train.parquet'])).toThrow('has files of several kinds (train.jsonl, train.parquet)');
    expect(() => choose(['a_sft-00000-of-00001.parquet'])).toThrow('has no split "train"; it has a_sft');
    expect(() => choose(['README.md'])).toThrow('has no data files');
  });
});
