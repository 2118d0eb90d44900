import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { buildSchema, type GraphQLField } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeTypes, requestFor, selectionOf, type Values } from './access/documents.ts';
import {
  mutationNeeds,
  type Need,
  queriesForStrangers,
  queriesWithoutProject,
  subscriptionScopes,
  subscriptionsForEditors,
  subscriptionsWithoutProject,
} from './access/needs.ts';
import { fillProject, nodeIds, ownersSecret, secret, valuesFor } from './access/secrets.ts';
import { addMember, apiKey, type Person, projectsOf, register } from './people.ts';
import { type Answer, openStudio, type TestStudio } from './test-studio.ts';

/*
 * The walk: every query, mutation, subscription and node type, by everybody who must not see or do that. What is new in the schema is
 * found by itself; a mutation has to be entered in needs.ts.
 */

const schema = buildSchema(readFileSync(createRequire(import.meta.url).resolve('@anneal/schema/schema.graphql'), 'utf8'));
const fieldsOf = (kind: 'Query' | 'Mutation' | 'Subscription'): GraphQLField<unknown, unknown>[] => {
  const type = schema.getType(kind);
  return type && 'getFields' in type
    ? Object.values(type.getFields()).filter((field): field is GraphQLField<unknown, unknown> => 'args' in field)
    : [];
};
const scopes = ['read', 'write', 'train', 'execute', 'log'] as const;

type Role = 'viewer' | 'editor' | 'owner';

let studio: TestStudio;
let people: Record<Role | 'foreign' | 'administrator', Person>;
let keys: Record<(typeof scopes)[number], Person>;
/** Of the project's owner, with all scopes, for another project. */
let keyElsewhere: Person;
let nodes: Record<string, string>;
let values: Values;

beforeAll(async () => {
  const generous = { burst: 100_000, perMinute: 1_000_000 };
  studio = await openStudio({
    environment: { ACCOUNTS: 'required', SETUP_CODE: 'walk the whole schema' },
    limits: {
      depth: 50,
      breadth: 1e6,
      cost: 1e12,
      documentTokens: 1e6,
      aliases: 1e6,
      attemptsPerAddress: generous,
      attemptsPerAccount: generous,
      requestsPerKey: generous,
      requestsPerUser: generous,
      requestsPerStranger: generous,
    },
  });
  const { prisma, config } = studio.studio;
  const { dataFolder } = config;
  const administrator = await register(studio, 'ada', 'walk the whole schema');
  const owner = await register(studio, 'olive');
  const [viewer, editor, foreign] = [await register(studio, 'vera'), await register(studio, 'edgar'), await register(studio, 'fred')];
  const [project = ''] = await projectsOf(owner);
  await addMember(owner, project, 'vera', 'VIEWER');
  await addMember(owner, project, 'edgar', 'EDITOR');
  const [ofForeign = ''] = await projectsOf(foreign);
  await fillProject(prisma, {
    projectId: databaseId(project),
    userId: databaseId(owner.id),
    prefix: 'secret',
    text: secret,
    auditText: ownersSecret,
    dataFolder,
  });
  // Somebody who left the project has taken runs and models along.
  await fillProject(prisma, {
    projectId: databaseId(ofForeign),
    userId: databaseId(foreign.id),
    prefix: 'other',
    text: 'open',
    auditText: 'open',
    dataFolder,
    from: { prefix: 'secret' },
  });

  // What prompts are found by is made when they change.
  await owner.send('mutation ($promptId: ID!) { updatePrompt(input: { promptId: $promptId, tags: ["walk"] }) { __typename } }', {
    promptId: globalIdOf('Prompt', 'secretprompt'),
  });
  // Administrators see the audit log of everybody, and with it the name.
  await prisma.auditEntry.deleteMany({ where: { action: 'updatePrompt' } });

  people = { administrator, owner, viewer, editor, foreign };
  const made = await Promise.all(scopes.map((scope) => apiKey(studio, owner, { scopes: [scope.toUpperCase()] })));
  const [read, write, train, execute, log] = made;
  if (!read || !write || !train || !execute || !log) throw new Error('keys are missing');
  keys = { read, write, train, execute, log };
  const { data } = await owner.send<{ createProject: { data: { id: string } } }>(
    'mutation { createProject(input: { name: "elsewhere" }) { ... on CreateProjectSuccess { data { id } } } }',
  );
  keyElsewhere = await apiKey(studio, owner, {
    scopes: scopes.map((scope) => scope.toUpperCase()),
    projectId: data.createProject.data.id,
  });
  const ownersKey = await apiKey(studio, owner, { name: ownersSecret, scopes: ['READ'], projectId: project });
  const session = await prisma.session.findFirstOrThrow({ where: { userId: databaseId(owner.id) } });
  nodes = nodeIds('secret', { Project: project, User: owner.id, Session: globalIdOf('Session', session.id), ApiKey: ownersKey.keyId });
  values = valuesFor('secret', nodes);
});
afterAll(() => studio.close());

const databaseId = (globalId: string): string => Buffer.from(globalId, 'base64').toString().split(':')[1] ?? '';
const globalIdOf = (type: string, id: string): string => Buffer.from(`${type}:${id}`).toString('base64');

/** Whoever must not see the project, by name. */
const outsiders = (): Record<string, Pick<Person, 'send'>> => ({
  'a stranger': studio,
  'the owner of another project': people.foreign,
  'an administrator': people.administrator,
  'a key for another project': keyElsewhere,
  'a key that may only write': keys.write,
  'a key that may only train': keys.train,
  'a key that may only execute': keys.execute,
  'a key that may only log': keys.log,
});

/** What of an answer is nobody's business: the words, and the ids that are not in the question. */
const leaks = (answer: Answer<unknown>, words: readonly string[]): string[] => {
  const text = JSON.stringify([answer.data, answer.errors, answer.extensions]);
  return words.filter((word) => text.includes(word));
};

/** How a mutation answered: the type of its result, or the code of its error. */
function outcome(answer: Answer<unknown>, field: string): string {
  const [error] = answer.errors;
  if (error) return String(error.extensions?.code);
  const result = new Map<string, unknown>(Object.entries(answer.data ?? {})).get(field);
  return typeof result === 'object' && result !== null && '__typename' in result ? String(result.__typename) : 'nothing';
}

function expectRefusal({ data, errors }: Answer<unknown>, code: string): void {
  expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
  expect(errors).toMatchObject([{ extensions: { code } }]);
}

describe.each(fieldsOf('Query').map((field) => [field.name, field] as const))('query %s', (name, field) => {
  it('shows outsiders nothing of the project', async () => {
    for (const [who, outsider] of Object.entries(outsiders())) {
      const { query, variables } = requestFor(schema, 'query', field, values);
      const answer = await outsider.send(query, variables);
      const words = who === 'an administrator' ? [secret] : [secret, ownersSecret];
      expect(leaks(answer, words), `${who}: ${query}`).toEqual([]);
    }
  });

  it('is closed to strangers, and to keys that may not read', async () => {
    if (queriesForStrangers.includes(name)) return;
    const { query, variables } = requestFor(schema, 'query', field, values);
    expectRefusal(await studio.send(query, variables), 'UNAUTHENTICATED');
    for (const scope of ['write', 'train', 'execute', 'log'] as const) expectRefusal(await keys[scope].send(query, variables), 'FORBIDDEN');
  });

  it('shows members the project, and what is for owners only to owners', async () => {
    const { query, variables } = requestFor(schema, 'query', field, values);
    for (const role of ['viewer', 'editor'] as const)
      expect(leaks(await people[role].send(query, variables), [ownersSecret]), role).toEqual([]);
    // Otherwise the walk would prove nothing: it asked for what nobody sees.
    if (queriesWithoutProject.includes(name)) return;
    const { data, errors } = await people.owner.send(query, variables);
    const seen = JSON.stringify([data, errors]);
    expect(
      [secret, ownersSecret, ...Object.values(nodes)].some((word) => seen.includes(word)),
      `${query} showed the owner ${seen.slice(0, 400)}`,
    ).toBe(true);
  });
});

describe.each(nodeTypes(schema))('node %s', (type) => {
  const asking = (deepest: number): string => {
    const named = schema.getType(type);
    const selection = named ? selectionOf(schema, named, { values, deepest }) : '{ __typename }';
    return `query ($id: ID!) { node(id: $id) { ... on ${type} ${selection} } nodes(ids: [$id]) { ... on ${type} { __typename id } } }`;
  };

  it('is there for the owner', async () => {
    const id = nodes[type];
    if (id === undefined) throw new Error(`The walk knows no ${type}: make one in tests/protocol/access/secrets.ts.`);
    const { data, errors } = await people.owner.send('query ($id: ID!) { node(id: $id) { __typename id } }', { id });
    expect({ data, errors }).toEqual({ data: { node: { __typename: type, id } }, errors: [] });
  });

  it('is not there for outsiders', async () => {
    for (const [who, outsider] of Object.entries(outsiders())) {
      // Administrators see all users and the whole audit log; programs see the user that they act for.
      if (who === 'an administrator' && (type === 'User' || type === 'AuditEntry')) continue;
      if (who === 'a key for another project' && type === 'User') continue;
      const answer = await outsider.send<{ node: unknown } | null>(asking(1), { id: nodes[type] });
      expect(answer.data?.node ?? null, who).toBeNull();
      expect(leaks(answer, [secret, ownersSecret]), who).toEqual([]);
    }
  });

  it('shows members nothing that is for owners only', async () => {
    for (const role of ['viewer', 'editor'] as const) {
      expect(leaks(await people[role].send(asking(2), { id: nodes[type] }), [ownersSecret]), role).toEqual([]);
    }
  });

  it('leads from the project of somebody else nowhere', async () => {
    const id = nodeIds('other', { Project: '', User: '', Session: '', ApiKey: '' })[type];
    if (!id) return;
    expect(leaks(await people.foreign.send(asking(3), { id }), [secret])).toEqual([]);
  });
});

describe('the table of mutations', () => {
  it('names none that there is not', () => {
    const names = fieldsOf('Mutation').map(({ name }) => name);
    expect(Object.keys(mutationNeeds).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe.each(fieldsOf('Mutation').map((field) => [field.name, field] as const))('mutation %s', (name, field) => {
  const need: Need | undefined = mutationNeeds[name];

  it('is in the table', () => {
    expect(need, `say in tests/protocol/access/needs.ts what it takes to ${name}`).toBeDefined();
  });

  /** Who must be told what. */
  const refusals = (): [who: string, person: Pick<Person, 'send'>, answer: string][] => {
    if (need === undefined || need === 'stranger') return [];
    const all: [string, Pick<Person, 'send'>, string][] = [['a stranger', studio, 'UNAUTHENTICATED']];
    const allKeys = scopes.map((scope): [string, Person, string] => [`a key that may only ${scope}`, keys[scope], 'Forbidden']);
    const notThere: [string, Person, string] = ['the owner of another project', people.foreign, 'NotFound'];
    const viewer: [string, Person, string] = ['a viewer', people.viewer, 'Forbidden'];
    const editor: [string, Person, string] = ['an editor', people.editor, 'Forbidden'];
    switch (need) {
      case 'person':
        return [...all, ...allKeys];
      case 'holder':
        return [...all, ...allKeys, notThere];
      case 'administrator':
        return [...all, ...allKeys, viewer, editor, ['the owner of another project', people.foreign, 'Forbidden']];
      case 'owner in person':
        return [...all, ...allKeys, notThere, ['an administrator', people.administrator, 'NotFound'], viewer, editor];
      case 'member in person':
        return [...all, ...allKeys, notThere, ['an administrator', people.administrator, 'NotFound']];
      default: {
        const wrongKeys = allKeys.filter((_key, index) => scopes[index] !== need.scope);
        const outside: [string, Person, string][] = [
          notThere,
          ['an administrator', people.administrator, 'NotFound'],
          ['a key for another project', keyElsewhere, 'NotFound'],
        ];
        const inside = need.role === 'VIEWER' ? [] : need.role === 'EDITOR' ? [viewer] : [viewer, editor];
        return [...all, ...wrongKeys, ...outside, ...inside];
      }
    }
  };

  it('is refused to everybody who may not, before anything else is looked at', async () => {
    for (const [who, someone, expected] of refusals()) {
      const { query, variables } = requestFor(schema, 'mutation', field, values);
      const answer = await someone.send(query, variables);
      expect(outcome(answer, name), `${who}: ${JSON.stringify(variables)} ${JSON.stringify(answer.data)}`).toBe(expected);
      expect(leaks(answer, [secret, ownersSecret]), who).toEqual([]);
    }
  });
});

describe.each(fieldsOf('Subscription').map((field) => [field.name, field] as const))('subscription %s', (name, field) => {
  const isOfProject = !subscriptionsWithoutProject.includes(name);
  const scope = subscriptionScopes[name] ?? 'read';

  /** The first message, or the refusal. Empty: the stream is open and has nothing to say yet. */
  async function begin(headers: Record<string, string>): Promise<string> {
    const { query, variables } = requestFor(schema, 'subscription', field, values);
    const controller = new AbortController();
    const response = await fetch(`${studio.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify({ query, variables }),
      signal: controller.signal,
    });
    let text = '';
    // The first chunk is a comment that comes at once; a refusal comes with it or right behind.
    const timer = setTimeout(() => controller.abort(), 500);
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        if (text.includes('data: ')) break;
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
    clearTimeout(timer);
    controller.abort();
    return text;
  }

  it('is refused to everybody who may not', async () => {
    expect(await begin({})).toContain('"code":"UNAUTHENTICATED"');
    for (const other of scopes.filter((one) => one !== scope)) {
      expect(await begin(keys[other].headers), other).toContain('"code":"FORBIDDEN"');
    }
    if (!isOfProject) return;
    for (const who of [people.foreign, people.administrator, keyElsewhere])
      expect(await begin(who.headers)).toContain('"code":"NOT_FOUND"');
  });

  it('is open to a member', async () => {
    const isForEditors = subscriptionsForEditors.includes(name);
    if (isForEditors) expect(await begin(people.viewer.headers)).toContain('"code":"FORBIDDEN"');
    const member = isForEditors ? people.editor : people.viewer;
    expect(await begin(member.headers)).not.toMatch(/UNAUTHENTICATED|NOT_FOUND|FORBIDDEN/);
  });
});
