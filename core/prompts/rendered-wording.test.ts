import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Invalid } from '../errors.ts';
import type { ResolvedIncludes } from './includes.ts';
import { renderFilled, renderWording } from './rendered-wording.ts';
import { renderingLimits } from './rendering.ts';
import { inspectWording } from './template.ts';
import type { VariableType } from './variables.ts';
import type { Wording, WordingInput } from './wording.ts';

const nothing = (wording: Wording): ResolvedIncludes => ({
  includes: [],
  templates: new Map(),
  variables: [...wording.variables],
  used: new Set(),
});

function render(input: WordingInput, values?: unknown) {
  const { wording, issues } = inspectWording(input);
  expect(issues).toEqual([]);
  return renderWording(wording, nothing(wording), values);
}

/** What a template becomes whose variables have these types. */
const question = (template: string, types: Record<string, VariableType>, values: unknown): string => {
  const variables = Object.entries(types).map(([name, type]) => ({ name, type, required: false }));
  return render({ template, variables }, values).messages.at(-1)?.content ?? '';
};

function issuesOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof Invalid) return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('a rendered template', () => {
  it.each<[string, Record<string, VariableType>, unknown, string]>([
    ['{{a}} & {{{a}}} & {{&a}}', { a: 'string' }, { a: '<b> "c" & `d`' }, '<b> "c" & `d` & <b> "c" & `d` & <b> "c" & `d`'],
    ['{{a}}', { a: 'string' }, { a: '{{b}} {{{constructor}}} {{> x}}' }, '{{b}} {{{constructor}}} {{> x}}'],
    [
      '{{n}} {{yes}} {{no}}|{{zero}}',
      { n: 'number', yes: 'boolean', no: 'boolean', zero: 'number' },
      { n: 1.5, yes: true, no: false, zero: 0 },
      '1.5 true false|0',
    ],
    ['{{list}}', { list: 'list' }, { list: [1, 'a', null, { b: true }] }, '[\n  1,\n  "a",\n  null,\n  {\n    "b": true\n  }\n]'],
    ['{{o}}', { o: 'object' }, { o: { a: [] } }, '{\n  "a": []\n}'],
    ['{{#l}}{{.}},{{/l}}', { l: 'list' }, { l: ['a', 2, false, [3]] }, 'a,2,false,[\n  3\n],'],
    [
      '{{#l}}{{name}}{{#last}}.{{/last}}{{^last}}, {{/last}}{{/l}}',
      { l: 'list' },
      { l: [{ name: 'a' }, { name: 'b', last: true }] },
      'a, b.',
    ],
    ['{{#l}}{{a}}{{outer}} {{/l}}', { l: 'list', outer: 'string' }, { l: [{ a: 1 }, { a: 2, outer: 'own' }], outer: '!' }, '1! 2own '],
    ['{{^l}}none{{/l}}{{#l.length}}some: {{l.length}}{{/l.length}}', { l: 'list' }, { l: [] }, 'none'],
    ['{{^l}}none{{/l}}{{#l.length}}some: {{l.length}}{{/l.length}}', { l: 'list' }, { l: [0, 0] }, 'some: 2'],
    ['{{a.b.c}}|{{a.b.x}}|{{a.x.y}}|{{a.b.c.length}}', { a: 'object' }, { a: { b: { c: 'deep' } } }, 'deep|||4'],
    ['a\n{{#yes}}\nb\n{{/yes}}\n{{! gone }}\nc\n', { yes: 'boolean' }, { yes: true }, 'a\nb\nc\n'],
    ['[{{a}}]', { a: 'string' }, {}, '[]'],
    ['[{{a}}]', { a: 'string' }, { a: null }, '[]'],
    ['[{{a}}]', { a: 'string' }, undefined, '[]'],
    ['{{#s}}{{.}}{{/s}}', { s: 'string' }, { s: 'text' }, 'text'],
    ['größe {{größe}} 😀', { größe: 'string' }, { größe: '👩‍💻' }, 'größe 👩‍💻 😀'],
  ])('%j with %j and %j', (template, types, values, expected) => {
    expect(question(template, types, values)).toBe(expected);
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'])('does not reach %s, on any kind of value', (name) => {
    const types = { o: 'object', s: 'string', l: 'list', n: 'number' } as const;
    const template = `<{{o.${name}}}{{s.${name}}}{{l.${name}}}{{n.${name}}}{{#o}}{{${name}}}{{#${name}}}x{{/${name}}}{{/o}}{{#l}}{{${name}}}{{${name}.name}}{{/l}}{{#s}}{{.}}{{/s}}{{o.${name}.name}}{{s.${name}.${name}}}>`;
    expect(question(template, types, { o: { a: 1 }, s: 'a', l: [[], {}, 'b'], n: 1 })).toBe('<a>');
    // One that was given is a value like others.
    expect(question(`{{o.${name}}}`, types, { o: { [name]: 'own' } })).toBe('own');
  });

  it('takes defaults for what is not given', () => {
    const variables = [
      { name: 'language', type: 'string', default: 'Python' },
      { name: 'rules', type: 'list', default: ['short'] },
      { name: 'code', type: 'string' },
    ];
    const template = '{{language}}: {{#rules}}{{.}}{{/rules}} {{code}}';
    const rendered = render({ template, variables }, { code: 'x', language: null });
    expect(rendered.messages).toEqual([{ role: 'user', content: 'Python: short x' }]);
    expect(rendered.given).toEqual({ code: 'x' });
    expect(render({ template, variables }, { code: 'x', language: 'Go' }).messages).toEqual([{ role: 'user', content: 'Go: short x' }]);
  });

  it('has the examples before the question, and the system prompt apart', () => {
    const wording = {
      systemPrompt: 'You write {{language}}.',
      template: '{{language}}: {{task}}',
      variables: [
        { name: 'language', type: 'string', default: 'Go' },
        { name: 'task', type: 'string' },
      ],
      examples: [
        { input: { task: 'add' }, output: 'a + b {{task}}' },
        { input: 'As {{it}} is', output: 'no' },
      ],
    };
    expect(render(wording, { task: 'divide', language: 'Rust' })).toEqual({
      system: 'You write Rust.',
      messages: [
        { role: 'user', content: 'Go: add' },
        { role: 'assistant', content: 'a + b {{task}}' },
        { role: 'user', content: 'As {{it}} is' },
        { role: 'assistant', content: 'no' },
        { role: 'user', content: 'Rust: divide' },
      ],
      given: { task: 'divide', language: 'Rust' },
    });
    expect(render({ template: 'a', systemPrompt: ' \n' }).system).toBeUndefined();
  });
});

describe('an include', () => {
  const rules = 'one {{a}}\n\n{{#l}}\n- {{.}}\n{{/l}}\n{{! a note\n  of two lines }}\n{{{   a   }}}\n';
  it.each([
    ['{{> rules}}', 'one A\n\n- 1\n- 2\nA\n'],
    ['Begin\n  {{> rules}}\nEnd', 'Begin\n  one A\n\n  - 1\n  - 2\n  A\nEnd'],
    ['These: {{> rules}}End', 'These: one A\n\n- 1\n- 2\nA\nEnd'],
  ])('in %j is indented where it stands alone', (template, expected) => {
    const filled = { values: { a: 'A', l: [1, 2] }, examples: [] };
    const { messages } = renderFilled({ systemPrompt: '', template }, { templates: new Map([['rules', rules]]) }, filled);
    expect(messages[0]?.content).toBe(expected);
  });
});

describe('values that do not fit', () => {
  const variables = [
    { name: 'code', type: 'string', description: 'What is to be reviewed' },
    { name: 'lines', type: 'number', required: false },
    { name: 'strict', type: 'boolean', required: false },
    { name: 'files', type: 'list', required: false },
    { name: 'options', type: 'object', required: false },
  ];
  const template = '{{code}}{{lines}}{{strict}}{{files}}{{options}}';
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  it.each([
    [{}, ['variables.code: "code" is missing. It is a text: What is to be reviewed.']],
    [{ code: null }, ['variables.code: "code" is missing. It is a text: What is to be reviewed.']],
    [
      { code: 'a', colour: 'red' },
      ['variables.colour: There is no variable "colour". There are "code", "lines", "strict", "files", "options".'],
    ],
    [{ code: 7 }, ['variables.code: "code" has to be a text; a number (7) was given.']],
    [{ code: 'a', lines: '7' }, ['variables.lines: "lines" has to be a number; a text ("7") was given.']],
    [{ code: 'a', lines: Infinity }, ['variables.lines: "lines" has a number that is too large.']],
    [{ code: 'a', lines: [7] }, ['variables.lines: "lines" has to be a number; a list was given.']],
    [{ code: 'a', strict: 'yes' }, ['variables.strict: "strict" has to be true or false; a text ("yes") was given.']],
    [{ code: 'a', files: { path: 'a' } }, ['variables.files: "files" has to be a list; an object was given.']],
    [{ code: 'a', options: [] }, ['variables.options: "options" has to be an object; a list was given.']],
    [{ code: 'a\0b' }, ['variables.code: "code" has a character that is no text (NUL, or half of a pair).']],
    [{ code: 'a', files: ['\ud800'] }, ['variables.files: "files" has a character that is no text (NUL, or half of a pair).']],
    [{ code: 'a', options: { '\0': 1 } }, ['variables.options: "options" has a field with a name that cannot be.']],
    [
      { code: 'a', options: JSON.parse('{"__proto__": {"a": 1}}') },
      ['variables.options: "options" has a field with a name that cannot be.'],
    ],
    [JSON.parse('{"code": "a", "__proto__": {"lines": 1}}'), [expect.stringContaining('There is no variable "__proto__"')]],
    [{ code: 'a', files: deep(33) }, ['variables.files: "files" is too deep: at most 32 lists and objects can be in each other.']],
    [{ code: 'x'.repeat(1_000_000) }, ['variables: The values have 1,000,002 characters together; at most 1,000,000 are possible.']],
    [[], ['variables: Values are an object with a field for each variable; a list was given.']],
    ['code', ['variables: Values are an object with a field for each variable; a text was given.']],
    [{ code: 'a', options: { run: () => 1 } }, ['variables.options: "options" has something in it that is not JSON.']],
  ] satisfies [unknown, unknown[]][])('are issues (%#)', (values, expected) => {
    expect(issuesOf(() => render({ template, variables }, values))).toEqual(expected);
  });

  it('are told all at once, and as deep as the stack never goes', () => {
    let bottomless: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) bottomless = [bottomless];
    expect(issuesOf(() => render({ template, variables }, { lines: true, files: bottomless, x: 1 }))).toHaveLength(4);
  });

  it('are told up to a number of them, however many there are', () => {
    const unknown = Object.fromEntries(Array.from({ length: 110_000 }, (_, index) => [`a${index}`, 1]));
    const issues = issuesOf(() => render({ template, variables }, unknown));
    expect(issues).toHaveLength(50);
    expect(issues[0]).toContain('There is no variable "a0"');
  });

  it('cannot leave nothing to ask', () => {
    expect(issuesOf(() => render({ template: '{{code}}', variables: [{ name: 'code', type: 'string' }] }, { code: ' ' }))).toEqual([
      'template: With these values nothing is left to ask: the rendered template is empty.',
    ]);
  });
});

describe('what becomes too long', () => {
  const list = { name: 'l', type: 'list' };
  const tooLong = [expect.stringContaining('The rendered prompt is longer than 1,000,000 characters')];

  it('is stopped: texts that are repeated', () => {
    const values = { l: Array.from({ length: 5000 }, () => 'x'.repeat(150)) };
    expect(issuesOf(() => render({ template: '{{#l}}{{.}}{{/l}}', variables: [list] }, values))).toEqual([]);
    expect(issuesOf(() => render({ template: '{{#l}}{{.}}{{/l}}{{#l}}{{.}}{{/l}}', variables: [list] }, values))).toEqual(tooLong);
    expect(issuesOf(() => render({ template: '{{#l}}{{l}}{{/l}}', variables: [list] }, values))).toEqual(tooLong);
  });

  it('is stopped: sections in sections, even when nothing is in them', () => {
    const values = { l: Array.from({ length: 1000 }, () => 1) };
    const template = `${'{{#l}}'.repeat(20)}${'{{/l}}'.repeat(20)}x`;
    expect(issuesOf(() => render({ template, variables: [list] }, values))).toEqual(tooLong);
  });

  const fill = (template: string, templates: Record<string, string>, values = {}) =>
    renderFilled({ systemPrompt: '', template }, { templates: new Map(Object.entries(templates)) }, { values, examples: [] });

  it('is stopped: includes that are parsed again and again, each time indented in another way', () => {
    const rules = `{{#no}}${'\nz'.repeat(40_000)}{{/no}}`;
    const indented = (count: number) => Array.from({ length: count }, (_, index) => `${' '.repeat(index + 1)}{{> rules}}\n`).join('');
    expect(issuesOf(() => fill(`${indented(2)}.`, { rules }))).toEqual([]);
    expect(issuesOf(() => fill(`${indented(20)}.`, { rules }))).toEqual([
      'template: The prompt and what it includes have more than 1,000,000 characters together, indented as they are. Give it less.',
    ]);
    expect(issuesOf(() => fill(`${' '.repeat(90_000)}{{> rules}}`, { rules }))).toHaveLength(1);
  });

  it('is parsed once, however often it is included', () => {
    const rules = `{{#no}}${'\nz'.repeat(40_000)}{{/no}}`;
    const all = ' {{> rules}}\n'.repeat(2000);
    expect(fill(`${' {{> all}}\n'.repeat(5)}.`, { all, rules }).messages[0]?.content.trim()).toBe('.');
  });

  it('is stopped: names that are looked for in many places', () => {
    const template = `{{#o}}`.repeat(19) + `{{#l}}${'{{nothing}}'.repeat(1900)}{{/l}}` + `{{/o}}`.repeat(19);
    const o = { name: 'o', type: 'object' };
    const values = { o: { a: 1 }, l: Array.from({ length: 100 }, () => 1) };
    expect(issuesOf(() => render({ template, variables: [o, list] }, values))).toEqual(tooLong);
  });

  it('is stopped: examples together', () => {
    const examples = Array.from({ length: 50 }, () => ({ input: 'i', output: 'x'.repeat(30_000) }));
    expect(issuesOf(() => render({ template: 'x', examples }))).toEqual(tooLong);
  });
});

describe('whatever comes', () => {
  const piece = fc.constantFrom(
    '{{a}}',
    '{{{b}}}',
    '{{#l}}',
    '{{/l}}',
    '{{^o}}',
    '{{/o}}',
    '{{#o}}',
    '{{.}}',
    '{{o.a}}',
    '{{l.length}}',
    '{{! x}}',
    '\n',
    ' ',
    'text',
    '}}',
    '{{',
  );
  const wordings = fc.record({ template: fc.array(piece, { maxLength: 30 }).map((list) => list.join('')), systemPrompt: fc.string() });
  const variables = [
    { name: 'a', type: 'string', required: false },
    { name: 'b', type: 'number', default: 3 },
    { name: 'l', type: 'list', required: false },
    { name: 'o', type: 'object', required: false },
  ];
  const values = fc.oneof(
    fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
    fc.record(
      { a: fc.string({ unit: 'binary' }), b: fc.double(), l: fc.array(fc.jsonValue()), o: fc.dictionary(fc.string(), fc.jsonValue()) },
      { requiredKeys: [] },
    ),
  );

  it('is a prompt within its limits, or Invalid and nothing else', () => {
    fc.assert(
      fc.property(wordings, values, (wording, given) => {
        const { issues, wording: read } = inspectWording({ ...wording, variables });
        if (issues.length > 0) return;
        try {
          const { messages } = renderWording(read, nothing(read), given);
          const [message] = messages;
          expect(message?.content.length).toBeLessThanOrEqual(renderingLimits.characters);
        } catch (error) {
          expect(error).toBeInstanceOf(Invalid);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is the text itself where there are no tags and no values but the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        fc.pre(value.trim() !== '' && !value.includes('\0'));
        expect(question('{{a}}', { a: 'string' }, { a: value })).toBe(value);
        if (!value.includes('{{')) expect(question(value, {}, {})).toBe(value);
      }),
      { numRuns: 200 },
    );
  });
});
