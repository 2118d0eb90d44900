import {
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLSchema,
} from 'graphql';

/** What arguments and input fields are filled with. */
export interface Values {
  /** Global ids, by the name of the argument or input field: `runId`. A list takes the one without its `s`. */
  ids: Readonly<Record<string, string>>;
  /** The same by type, for an argument that is called `id` and says no more. */
  nodes: Readonly<Record<string, string>>;
  /** Other values by their place, where what is made up does not do: `deleteRun.input.runId`. */
  others: Readonly<Record<string, unknown>>;
}

/**
 * Everything that can be asked of a type, with what lies behind it. A path comes to no type twice.
 * @param options deepest: levels of objects that are looked into, the pages of a list not counted
 * @param above types on the way here
 */
export function selectionOf(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  { values, deepest }: { values: Values; deepest: number },
  above: readonly string[] = [],
): string {
  if (isUnionType(type)) {
    return `{ __typename ${schema
      .getPossibleTypes(type)
      .map((member) => `... on ${member.name} ${selectionOf(schema, member, { values, deepest }, above)}`)
      .join(' ')} }`;
  }
  if (!isCompositeType(type)) return '';
  const level = above.filter((name) => !/(Connection|Edge|Success)$/.test(name)).length;
  const path = [...above, type.name];
  const fields = Object.values('getFields' in type ? type.getFields() : {}).flatMap((field) => {
    const inner = getNamedType(field.type);
    if (isCompositeType(inner) && (path.includes(inner.name) || level >= deepest)) return [];
    const given = argumentsOf(field, values);
    const text = given.map(([name, value]) => `${name}: ${literal(value)}`).join(', ');
    // Fields of two members of a union may have one name and different types.
    return [`${field.name}_${type.name}: ${field.name}${text && `(${text})`} ${selectionOf(schema, inner, { values, deepest }, path)}`];
  });
  return `{ __typename ${fields.join(' ')} }`;
}

/** Required arguments of a field inside an answer. */
function argumentsOf(field: GraphQLField<unknown, unknown>, values: Values): [name: string, value: unknown][] {
  return field.args.filter(({ type }) => isNonNullType(type)).map((argument) => [argument.name, madeUp(argument, values, field.name)]);
}

interface Request {
  query: string;
  variables: Record<string, unknown>;
}

/** Asks a root field for everything, with all its ids and whatever else it needs. */
export function requestFor(
  schema: GraphQLSchema,
  kind: 'query' | 'mutation' | 'subscription',
  field: GraphQLField<unknown, unknown>,
  values: Values,
): Request {
  const given = field.args.filter((argument) => isWanted(argument));
  const variables = Object.fromEntries(
    given.map((argument) => {
      const own = argument.name === 'id' ? values.nodes[getNamedType(field.type).name] : undefined;
      return [argument.name, own ?? madeUp(argument, values, field.name)];
    }),
  );
  const definitions = given.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const uses = given.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection =
    kind === 'mutation' ? '{ __typename ... on Error { message } }' : selectionOf(schema, getNamedType(field.type), { values, deepest: 2 });
  return { query: `${kind} ${definitions && `(${definitions})`} { ${field.name}${uses && `(${uses})`} ${selection} }`, variables };
}

/** Left out is what may be, unless it is an id, or holds one. */
function isWanted({ type }: GraphQLArgument | GraphQLInputField): boolean {
  return isNonNullType(type) || getNamedType(type).name === 'ID';
}

function madeUp({ name, type }: GraphQLArgument | GraphQLInputField, values: Values, place: string): unknown {
  return valueOf(type, name, values, `${place}.${name}`);
}

function valueOf(type: GraphQLInputType, name: string, values: Values, place: string): unknown {
  const inner = getNullableType(type);
  if (Object.hasOwn(values.others, place)) return values.others[place];
  if (isListType(inner)) return [valueOf(inner.ofType, name.replace(/s$/, ''), values, place)];
  if (isInputObjectType(inner)) {
    const fields = Object.values(inner.getFields());
    const wanted = inner.isOneOf ? fields.slice(0, 1) : fields.filter(isWanted);
    return Object.fromEntries(wanted.map((field) => [field.name, madeUp(field, values, place)]));
  }
  if (isEnumType(inner)) return inner.getValues()[0]?.name;
  switch (inner.name) {
    case 'ID': {
      const id = values.ids[name];
      if (id === undefined) throw new Error(`The walk has no id for ${place}: give it one in tests/protocol/access/secrets.ts.`);
      return id;
    }
    case 'Int':
    case 'Float':
      return 1;
    case 'Boolean':
      return true;
    case 'DateTime':
      return new Date(Date.now() + 60_000).toISOString();
    case 'JSON':
      return {};
    case 'String':
      return 'walk';
    default:
      throw new Error(`The walk does not know how to make up a ${inner.name} for ${place}.`);
  }
}

const literal = (value: unknown): string => JSON.stringify(value);

/** Names of the object types that have a global id. */
export function nodeTypes(schema: GraphQLSchema): string[] {
  const node = schema.getType('Node');
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && type.getInterfaces().some((implemented) => implemented === node))
    .map(({ name }) => name);
}
