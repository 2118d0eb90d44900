import type { Answer, TestStudio } from './test-studio.ts';

/** Somebody with an account, or a program with an API key. */
export interface Person {
  /** Global id of the user. */
  id: string;
  /** Goes into each request. */
  headers: { authorization: string };
  refreshToken: string;
  send<Data = unknown>(query: string, variables?: object): Promise<Answer<Data>>;
}

export const password = 'correct horse battery staple';

interface Tokens {
  accessToken: string;
  refreshToken: string;
  user: { id: string };
}

export const tokenFields = 'accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt user { id }';

/** What a mutation answered, or the errors of the whole request. */
export type Result<Data> = {
  __typename: string;
  message?: string;
  code?: string;
  issues?: { path: string; message: string }[];
  data: Data;
};

/** Whoever has these tokens. */
export function person(studio: TestStudio, { accessToken, refreshToken, user }: Tokens): Person {
  const headers = { authorization: `Bearer ${accessToken}` };
  return { id: user.id, headers, refreshToken, send: (query, variables) => studio.send(query, variables, headers) };
}

/** Makes an account. The first one of a studio needs its set-up code. */
export async function register(studio: TestStudio, name: string, setupCode?: string): Promise<Person> {
  const input = { email: `${name}@lab.example`, name, password, setupCode };
  const { data } = await studio.send<{ register: Result<Tokens> }>(
    `mutation ($input: RegisterInput!) { register(input: $input) { __typename ... on Error { message } ... on RegisterSuccess { data { ${tokenFields} } } } }`,
    { input },
  );
  if (data.register.__typename !== 'RegisterSuccess') throw new Error(data.register.message);
  return person(studio, data.register.data);
}

export async function logIn(studio: TestStudio, name: string): Promise<Person> {
  const { data } = await studio.send<{ logIn: Result<Tokens> }>(
    `mutation ($input: LogInInput!) { logIn(input: $input) { __typename ... on Error { message } ... on LogInSuccess { data { ${tokenFields} } } } }`,
    { input: { email: `${name}@lab.example`, password } },
  );
  if (data.logIn.__typename !== 'LogInSuccess') throw new Error(data.logIn.message);
  return person(studio, data.logIn.data);
}

/** Makes an API key of somebody. */
export async function apiKey(studio: TestStudio, owner: Person, input: object): Promise<Person & { keyId: string }> {
  const { data } = await owner.send<{ createApiKey: Result<{ secret: string; apiKey: { id: string } }> }>(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on Error { message } ... on CreateApiKeySuccess { data { secret apiKey { id } } } } }',
    { input: { name: 'test', ...input } },
  );
  if (data.createApiKey.__typename !== 'CreateApiKeySuccess') throw new Error(data.createApiKey.message);
  const { secret, apiKey: made } = data.createApiKey.data;
  return { ...person(studio, { accessToken: secret, refreshToken: '', user: owner }), keyId: made.id };
}

/** Lets somebody into a project. */
export async function addMember(owner: Person, projectId: string, name: string, role: 'VIEWER' | 'EDITOR' | 'OWNER'): Promise<void> {
  const { data } = await owner.send<{ addMember: Result<unknown> }>(
    'mutation ($input: AddMemberInput!) { addMember(input: $input) { __typename ... on Error { message } } }',
    { input: { projectId, email: `${name}@lab.example`, role } },
  );
  if (data.addMember.__typename !== 'AddMemberSuccess') throw new Error(data.addMember.message);
}

/** Global ids of the projects that somebody is in, the first one first. */
export async function projectsOf(someone: Person): Promise<string[]> {
  const { data } = await someone.send<{ viewer: { projects: { project: { id: string } }[] } }>(
    '{ viewer { projects { project { id } } } }',
  );
  return data.viewer.projects.map(({ project }) => project.id);
}
