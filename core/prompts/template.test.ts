import fc from 'fast-check';
import mustache, { type TemplateSpans } from 'mustache';
import { describe, expect, it } from 'vitest';
import { inspectWording } from './template.ts';
import { findTags, templateLimits } from './template-tags.ts';
import type { WordingInput } from './wording.ts';

const text = (name: string, type = 'string') => ({ name, type });
const messages = (input: WordingInput): string[] => inspectWording(input).issues.map(({ path, message }) => `${path}: ${message}`);

describe('a template', () => {
  it('with sections, items, comments and values in each other is right', () => {
    const template = [
      '{{! What the reviewer is told. }}',
      'Review {{ files.length }} files{{#strict}} strictly{{/strict}}{{^strict}} kindly{{/strict}}:',
      '{{#files}}',
      '{{path}} {{{content}}} {{& language}} {{#lines}}{{.}} {{/lines}}{{author.name}}',
      '{{/files}}',
    ].join('\n');
    const variables = [text('files', 'list'), text('strict', 'boolean')];
    expect(inspectWording({ template, variables })).toMatchObject({ issues: [], warnings: [] });
  });

  it.each([
    ['Hello {{name', 'Line 1, column 7: {{ is never closed. Write }} behind the name. Found at: Hello {{name'],
    ['Hello {{{name}} there', 'Line 1, column 7: {{{ is never closed.'],
    [
      'a\nb {{#files}} c\nd',
      'Line 2, column 3: The section "files" is never closed. Write {{/files}} where it ends. Found at: b {{#files}} c',
    ],
    ['{{#a}}{{#b}}{{/a}}{{/b}}', 'Line 1, column 13: {{/a}} stands where {{/b}} should'],
    ['x\r\n {{/a}}', 'Line 2, column 2: {{/a}} closes a section that was not opened.'],
    ['{{}}', 'Line 1, column 1: There is no name between the braces.'],
    ['{{# }}', 'There is no name between the braces.'],
    ['{{user name}}', '"user name" is no name'],
    ['{{a..b}}', '"a..b" is no name'],
    ['{{a.__proto__.b}}', '"a.__proto__.b" is no name'],
    ['{{=<% %>=}}', 'Other delimiters than {{ and }} are not possible.'],
    ['{{> Not A Name}}', '"Not A Name" names no prompt. Write {{> name}} or {{> name@label}}'],
    ['{{> *dynamic}}', 'names no prompt'],
    ['{{> style@v1.2}}', 'names no prompt'],
    [`{{> style@${'x'.repeat(41)}}}`, 'names no prompt'],
    ['{{.}}', '{{.}} is the item of a list, and stands in no section about one.'],
    ['Good {{time}}', 'There is no variable "time". Declare it, or correct the name.'],
    ['  \n', 'The template is empty.'],
    ['x\0y', 'Line 1, column 2: There is a character that is no text'],
    ['x\ud800y', 'There is a character that is no text'],
    [`${'{{#a}}'.repeat(21)}${'{{/a}}'.repeat(21)}`, 'At most 20 sections can be in each other.'],
    ['{{a}}'.repeat(2001), 'There are more than 2,000 tags.'],
    ['x'.repeat(100_001), 'The text has 100,001 characters; at most 100,000 are possible.'],
  ])('%j is refused, with the place', (template, expected) => {
    const found = messages({ template, variables: [text('a'), text('b'), text('files', 'list'), text('name')] });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
    expect(found[0]).toMatch(/^template: /);
  });

  it('says which line of a long one is wrong, and shows the text around', () => {
    const template = `${'line\n'.repeat(41)}${'before '.repeat(20)}{{wrong name}}${' behind'.repeat(20)}\nlast`;
    const [issue] = inspectWording({ template }).issues;
    expect(issue?.place).toMatchObject({ line: 42, column: 141 });
    expect(issue?.place?.excerpt).toBe('…efore before before {{wrong name}} behind behind behind behi…');
  });

  it('is the system prompt as well', () => {
    expect(messages({ template: 'a', systemPrompt: 'You know {{language}}.' })).toEqual([
      'systemPrompt: Line 1, column 10: There is no variable "language". Declare it, or correct the name. Found at: You know {{language}}.',
    ]);
  });

  it('finds a name that is no variable only where it can be no field', () => {
    const variables = [text('files', 'list'), text('strict', 'boolean'), text('options', 'object')];
    const inside = '{{#files}}{{path}}{{#tests}}{{name}}{{/tests}}{{/files}}{{#options}}{{depth}}{{/options}}';
    expect(messages({ template: `${inside}{{#strict}}x{{/strict}}`, variables })).toEqual([]);
    expect(messages({ template: `${inside}{{#strict}}{{path}}{{/strict}}`, variables })).toEqual([
      expect.stringContaining('There is no variable "path".'),
    ]);
    expect(messages({ template: `${inside}{{^strict}}x{{/strict}}{{^files}}{{path}}{{/files}}`, variables })).toEqual([
      expect.stringContaining('There is no variable "path".'),
    ]);
  });

  it('warns of a variable that it does not use, which can be done all the same', () => {
    const wording = { template: 'Hello {{name}}', variables: [text('name'), text('age', 'number')] };
    expect(inspectWording(wording)).toMatchObject({
      issues: [],
      warnings: [{ path: 'variables.1', message: '"age" is declared, and the template does not use it.' }],
    });
    // Perhaps what is included does.
    expect(inspectWording({ ...wording, template: 'Hello {{name}}{{> rest}}' }).warnings).toEqual([]);
  });

  it('tells its variables with what they seem to be', () => {
    const template =
      '{{code}} {{#files}}{{.}}{{/files}} {{#strict}}x{{/strict}} {{author.name}} {{items.length}} {{^quiet}}y{{/quiet}} {{#code}}{{/code}}';
    expect(inspectWording({ template }).used.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'code boolean',
      'files list',
      'strict boolean',
      'author object',
      'items list',
      'quiet boolean',
    ]);
  });

  it('tells what it includes, each once', () => {
    const template = '{{> style/guide}} {{> style/guide }} {{>style/guide@staging}}';
    expect(inspectWording({ template, systemPrompt: '{{> tone@-x}}' }).includes).toEqual([
      { name: 'tone', label: '-x' },
      { name: 'style/guide', label: null },
      { name: 'style/guide', label: 'staging' },
    ]);
  });
});

describe('variables', () => {
  it.each([
    [[{ name: '1st', type: 'string' }], 'variables.0.name', 'begins with a letter'],
    [[{ name: 'constructor', type: 'string' }], 'variables.0.name', '"constructor" cannot be a name.'],
    [[{ name: '__proto__', type: 'string' }], 'variables.0.name', 'begins with a letter'],
    [[{ name: 'a', type: 'text' }], 'variables.0.type', 'string, number, boolean, list, object'],
    [
      [
        { name: 'a', type: 'string' },
        { name: 'a', type: 'number' },
      ],
      'variables.1.name',
      'two variables named "a"',
    ],
    [[{ name: 'a', type: 'number', default: '7' }], 'variables.0.default', 'has to be a number; a text ("7") was given'],
    [[{ name: 'a', type: 'object', default: [] }], 'variables.0.default', 'has to be an object; a list was given'],
    [[{ name: 'a', type: 'string', unit: 'm' }], 'variables.0', 'unit'],
    [{ a: 'string' }, 'variables', ''],
    [Array.from({ length: 101 }, (_, index) => text(`v${index}`)), 'variables', 'at most 100 variables'],
  ])('%j are refused', (variables, path, message) => {
    const { issues } = inspectWording({ template: '{{a}}', variables });
    expect(issues[0]?.path).toBe(path);
    expect(issues[0]?.message).toContain(message);
  });

  it('of examples have to fit', () => {
    const variables = [text('code'), { ...text('lines', 'number'), required: false }];
    const examples = [
      { input: { code: 'a' }, output: 'b' },
      { input: 'as it is', output: 'b' },
      { input: { lines: 'many', colour: 'red' }, output: 'b' },
    ];
    expect(messages({ template: '{{code}}{{lines}}', variables, examples })).toEqual([
      'examples.2.input.colour: There is no variable "colour". There are "code", "lines".',
      'examples.2.input.code: "code" is missing. It is a text.',
      'examples.2.input.lines: "lines" has to be a number; a text ("many") was given.',
    ]);
    expect(messages({ template: 'x', examples: [{ input: ' ', output: 'a' }] })[0]).toContain('examples.0.input');
    expect(messages({ template: 'x', examples: [{ input: 'a', output: '' }] })[0]).toContain('examples.0.output');
    let bottomless: unknown = {};
    for (let level = 0; level < 100_000; level += 1) bottomless = { a: bottomless };
    expect(
      messages({
        template: '{{> other}}',
        examples: [
          { input: 'a', output: 'b' },
          { input: bottomless, output: 'c' },
        ],
      }),
    ).toEqual(['examples.1: The example is too deep: at most 32 lists and objects can be in each other.']);
    expect(messages({ template: '{{> other}}', examples: [{ input: { theirs: 'a\0' }, output: 'b' }] })).toEqual([
      'examples.0: The example has a character that is no text (NUL, or half of a pair).',
    ]);
    expect(messages({ template: 'x', examples: 'none' })[0]).toContain('examples: ');
  });
});

describe('whatever comes', () => {
  const pieces = fc.constantFrom(
    '{{',
    '}}',
    '{{{',
    '}}}',
    '#',
    '^',
    '/',
    '>',
    '&',
    '=',
    '!',
    '.',
    'a',
    'b.c',
    '__proto__',
    ' ',
    '\n',
    '{',
    '\u{1f600}',
    '\ud800',
  );
  const templates = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 60 }).map((list) => list.join('')),
  );

  it('is a report, and nothing is thrown', () => {
    fc.assert(
      fc.property(templates, templates, fc.anything(), fc.anything(), (template, systemPrompt, variables, examples) => {
        const { issues } = inspectWording({ template, systemPrompt, variables, examples });
        for (const { path, message, place } of issues) {
          expect(path).toMatch(/^(template|systemPrompt|variables|examples)/);
          expect(`${message}${place?.excerpt}`).not.toMatch(/[\0\p{Surrogate}]/u);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is read by the library that renders just as it was checked', () => {
    const signs: Record<string, string> = { name: 'value', '&': 'value', '#': 'section', '^': 'inverted', '>': 'include', '!': 'comment' };
    const read = (spans: TemplateSpans): unknown[] =>
      spans.flatMap(([type, name, start, end, inner]) => [
        ...(type === 'text' ? [] : [{ kind: signs[type], name, start, end }]),
        ...(Array.isArray(inner) ? read(inner) : []),
      ]);
    const space = fc.constantFrom('', ' ', '\n', '\t ');
    const tag = fc
      .tuple(fc.constantFrom('', '&', '#', '^', '/', '>', '!'), space, fc.constantFrom('a', 'b', 'a.b', '.', 'c'), space)
      .map(([sign, before, name, behind]) => `{{${before}${sign}${behind}${name}${behind}}}`);
    const texts = fc.constantFrom('{{{a}}}', '{{{ b }}}', '{', '}', '}}', ' ', '\n', 'x', '{{#a}}', '{{/a}}', '{{! }{ }}');
    fc.assert(
      fc.property(fc.array(fc.oneof(tag, texts), { maxLength: 12 }), (list) => {
        const template = list.join('');
        const { tags, problems } = findTags(template);
        fc.pre(problems.length === 0);
        expect(read(mustache.parse(template))).toEqual(tags.filter(({ kind }) => kind !== 'close'));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['spaces in a tag', `{{a${' '.repeat(99_000)}b`],
    ['tags without end', '{{'.repeat(50_000)],
    ['braces', '{'.repeat(100_000)],
    ['sections', '{{#a}}'.repeat(16_000)],
    ['lines', '\n'.repeat(100_000)],
  ])('is looked at once: %s', (_name, template) => {
    expect(findTags(template).tags.length).toBeLessThanOrEqual(templateLimits.tags + 1);
    expect(inspectWording({ template }).issues.length).toBeLessThanOrEqual(50);
  });
});
