import { EngineError } from '../errors.ts';

/** How to reach the Hub: as Hugging Face's own tools do, by the environment. */
export interface HubAccess {
  hubUrl: string;
  accessToken?: string;
  /** What an error is called when something is not to be had. */
  notFound: 'DATASET_NOT_FOUND' | 'MODEL_NOT_FOUND';
}

/** @throws EngineError `notFound` where HF_TOKEN cannot be a token */
export function hubAccess(notFound: HubAccess['notFound'], { HF_ENDPOINT, HF_TOKEN }: NodeJS.ProcessEnv = process.env): HubAccess {
  const hubUrl = (HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  if (!HF_TOKEN) return { hubUrl, notFound };
  if (!HF_TOKEN.startsWith('hf_'))
    throw new EngineError(notFound, 'HF_TOKEN holds no token of the Hugging Face Hub: these begin with hf_.');
  return { hubUrl, accessToken: HF_TOKEN, notFound };
}

/** Waits between attempts, in milliseconds: a Hub that is down comes back, or does not. */
const waits = [250, 500, 1000];

/**
 * Asks the Hub, again where it is the network or the server that fails.
 * @param what a person would say that is asked for
 * @throws EngineError `access.notFound` saying what to do
 */
export async function askHub<T>(what: string, access: HubAccess, request: () => Promise<T>): Promise<T> {
  for (const wait of [...waits, null]) {
    try {
      return await request();
    } catch (error) {
      if (isAborted(error)) throw error;
      const mayPass = !(error instanceof EngineError) && !isFinal(statusOf(error));
      if (mayPass && wait !== null) await new Promise((resolve) => setTimeout(resolve, wait));
      else throw error instanceof EngineError ? error : hubError(what, access, statusOf(error), error);
    }
  }
  throw new RangeError('attempts');
}

/** Whether what `askHub` threw is the Hub's own answer, and not a network or a server that fails. */
export const isFinalAnswer = (error: unknown): boolean =>
  !(error instanceof EngineError) || error.cause === undefined || isFinal(statusOf(error.cause));

const isFinal = (status: number | null): boolean => status !== null && status !== 429 && status < 500;

const isAborted = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

function statusOf(error: unknown): number | null {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;
}

function hubError(what: string, { hubUrl, accessToken, notFound }: HubAccess, status: number | null, cause: unknown): EngineError {
  const hasToken = accessToken !== undefined;
  const problem = (text: string) => new EngineError(notFound, text, { cause });
  if (status === 401 && !hasToken)
    return problem(
      `${what} is not to be seen on ${hubUrl}: it does not exist, or it needs a token. Check the name, or set HF_TOKEN to a token that may read it.`,
    );
  if (status === 401)
    return problem(
      `${what} is not to be seen on ${hubUrl} with the token in HF_TOKEN: the token is no longer valid, or it does not exist.`,
    );
  if (status === 403)
    return problem(
      `${what} is not open to everybody. ${hasToken ? 'The account of the token in HF_TOKEN has no access to it' : 'HF_TOKEN is not set'}: ask for access on its page on ${hubUrl}.`,
    );
  if (status === 404) return problem(`There is no ${what} on ${hubUrl}. Check the name and the revision.`);
  if (status !== null) return problem(`${hubUrl} answers ${status} for ${what}. Try again later.`);
  return problem(
    `${what} cannot be fetched from ${hubUrl}: ${reasonOf(cause)}. Check the network, or download it elsewhere and give the folder.`,
  );
}

/** What lies under "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return error.message;
}
