// A process that reads datasets for whoever started it, over Node's IPC channel: reading rows blocks the event loop. It ends when
// the channel closes.
import os from 'node:os';
import process from 'node:process';
import {
  bundledModelFolder,
  EngineError,
  fetchHubFiles,
  loadTokenizer,
  parseHubPath,
  parseTrainingConfig,
  pinHubPath,
  type Tokenizer,
} from '@anneal/engine';
import { checkDataset } from './check-dataset.ts';
import { ColumnReader } from './column-values.ts';
import { type DataAnswer, dataQuestion, type DataRequest, type HubResult } from './data-protocol.ts';
import { previewRows, rawRows } from './preview.ts';

// Whoever waits for an answer of the server goes first.
os.setPriority(10);

const tokenizers = new Map<string, Promise<Tokenizer>>();
const columns = new ColumnReader();

process.on('disconnect', () => process.exit(0));
process.on('message', (raw) => {
  const { id, request } = dataQuestion.parse(raw);
  const send = (answer: DataAnswer) => process.send?.(answer);
  answer(request).then(
    (value) => send({ id, type: 'result', value }),
    (error: unknown) => {
      if (!(error instanceof EngineError)) console.error(error);
      const message =
        error instanceof EngineError
          ? withoutPath(error.message, request)
          : 'The dataset could not be read because of an error inside Anneal.';
      send({ id, type: 'problem', message });
    },
  );
});

async function answer(request: DataRequest): Promise<unknown> {
  if (request.type === 'hub') return fetchFromHub(request);
  const settings = parseTrainingConfig({ data: request.settings }).data;
  if (request.type === 'columns') return columns.read(settings, request);
  // Raw rows need no tokens; the bundled tokenizer is the one that is there for sure.
  const tokenizer = await tokenizerOf(request.type === 'rows' ? '' : request.tokenizer);
  if (request.type === 'check') {
    const result = await checkDataset(settings, tokenizer);
    return { ...result, brokenOff: result.brokenOff === null ? null : withoutPath(result.brokenOff, request) };
  }
  if (request.type === 'preview') return previewRows(settings, tokenizer, request);
  return rawRows(settings, tokenizer, request);
}

/** Where files lie on the server is nobody's business. */
function withoutPath(message: string, request: DataRequest): string {
  if (request.type === 'hub') return message;
  const { path } = request.settings;
  return message.replaceAll(`${path}/`, '').replaceAll(path, 'The dataset');
}

function tokenizerOf(folder: string): Promise<Tokenizer> {
  const known = tokenizers.get(folder);
  if (known) return known;
  const loaded = loadTokenizer(folder === '' ? bundledModelFolder : folder);
  tokenizers.set(folder, loaded);
  loaded.catch(() => tokenizers.delete(folder));
  return loaded;
}

/** Files of a split at the commit that the revision is today. */
async function fetchFromHub(request: Extract<DataRequest, { type: 'hub' }>): Promise<HubResult> {
  const pinned = await pinHubPath(request.path, request.revision);
  const { revision } = parseHubPath(pinned);
  const commit = revision ?? request.revision;
  const files = await fetchHubFiles(pinned, commit, request.split);
  const { validationSplit } = request;
  return { commit, files, validationFiles: validationSplit === null ? [] : await fetchHubFiles(pinned, commit, validationSplit) };
}
