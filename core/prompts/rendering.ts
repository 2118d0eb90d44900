import mustache from 'mustache';
import { Invalid } from '../errors.ts';
import { compactTemplate } from './template-tags.ts';
import type { JsonValue } from './variables.ts';

export const renderingLimits = {
  /** UTF-16 units of a whole rendered prompt. */
  characters: 1_000_000,
  /** Tags and texts between them, and places where a name is looked for; counted as often as they are rendered. */
  pieces: 1_000_000,
  /** UTF-16 units that are parsed: each template once, an included one once for each indentation that it has somewhere. */
  parsed: 1_000_000,
} as const;

/** What one prompt may become, and how much may be done for it. */
class RenderingBudget {
  #characters = 0;
  #pieces = 0;
  #parsed = 0;

  /** @throws Invalid when it is too much */
  take(characters: number, pieces: number): void {
    this.#characters += characters;
    this.#pieces += pieces;
    if (this.#characters <= renderingLimits.characters && this.#pieces <= renderingLimits.pieces) return;
    throw tooMuch(
      `The rendered prompt is longer than ${inWords(renderingLimits.characters)} characters, or repeats its sections too often.`,
    );
  }

  /** @throws Invalid when it is too much */
  parse(characters: number): void {
    this.#parsed += characters;
    if (this.#parsed <= renderingLimits.parsed) return;
    throw tooMuch(
      `The prompt and what it includes have more than ${inWords(renderingLimits.parsed)} characters together, indented as they are.`,
    );
  }
}

const inWords = (count: number): string => count.toLocaleString('en');

function tooMuch(reason: string): Invalid {
  const message = `${reason} Give it less.`;
  return new Invalid(message, [{ path: 'template', message }]);
}

/** Fills in the texts of one prompt, which have its limits together. */
export class PromptRenderer {
  readonly #budget = new RenderingBudget();
  readonly #writer: BoundedWriter;

  /** @param includes templates by what stands in {{> … }}, without circles */
  constructor(includes: ReadonlyMap<string, string> = new Map()) {
    this.#writer = new BoundedWriter(this.#budget, includes);
  }

  /**
   * Fills a Mustache template in (mustache.5). Nothing is escaped, since a prompt is no HTML; lists and objects are written as JSON. A
   * value is a text and never a template. Only fields that a value has itself can be reached.
   * @param template without problems, as `findTags` tells
   * @throws Invalid when it becomes too long, or would take too much work
   */
  render(template: string, values: Readonly<Record<string, JsonValue>>): string {
    return this.#writer.render(template, new JsonContext(values, this.#budget));
  }

  /** Counts a text that is taken as it is. @throws Invalid when it is too long, together with the others */
  take(text: string): void {
    this.#budget.take(text.length, 1);
  }
}

type Context = mustache.Context;

/** Looks names up among the fields of JSON values, where the library would find `constructor` as well. */
class JsonContext extends mustache.Context {
  readonly #budget: RenderingBudget;

  constructor(view: unknown, budget: RenderingBudget, parent?: Context) {
    super(view, parent);
    this.#budget = budget;
  }

  override push(view: unknown): Context {
    return new JsonContext(view, this.#budget, this);
  }

  override lookup(name: string): unknown {
    // A long name is more work than a short one.
    this.#budget.take(0, Math.ceil(name.length / 16));
    const view: unknown = this.view;
    if (name === '.') return view;
    const [first = '', ...rest] = name.split('.');
    if (hasField(view, first)) return rest.reduce(fieldOf, fieldOf(view, first));
    const { parent }: { parent?: Context } = this;
    return parent?.lookup(name);
  }
}

const hasField = (value: unknown, name: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, name);

/** Texts have a length as lists do. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value === 'string') return name === 'length' ? value.length : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value, null, 2);
}

type Tokens = Parameters<mustache.Writer['renderTokens']>[0];
type Rest = Parameters<mustache.Writer['renderTokens']> extends [unknown, ...infer Others] ? Others : never;

/** Renders no more than its budget allows, and parses nothing twice. */
class BoundedWriter extends mustache.Writer {
  readonly #budget: RenderingBudget;
  readonly #includes: ReadonlyMap<string, string>;
  readonly #templates = new Map<string, Tokens>();
  readonly #indented = new Map<string, Tokens>();
  readonly #parse: (template: string) => Tokens = super.parse.bind(this);

  constructor(budget: RenderingBudget, includes: ReadonlyMap<string, string>) {
    super();
    this.#budget = budget;
    this.#includes = includes;
  }

  override parse(template: string): Tokens {
    return known(this.#templates, template, () => {
      this.#budget.parse(template.length);
      return this.#parse(compactTemplate(template));
    });
  }

  override renderTokens(tokens: Tokens, ...rest: Rest): string {
    this.#budget.take(0, tokens.length + 1);
    return super.renderTokens(tokens, ...rest);
  }

  /** An include that begins its line hands its indentation on to every line of what it includes. */
  override renderPartial([, name = '', , , spaces = '', place, isBehindText]: string[], context: Context): string {
    const indentation = Number(place) === 0 && String(isBehindText) !== 'true' ? spaces : '';
    this.#budget.take(0, Math.ceil(indentation.length / 16));
    const tokens = known(this.#indented, `${name} ${indentation}`, () => this.#parseIndented(this.#includes.get(name) ?? '', indentation));
    return this.renderTokens(tokens, context);
  }

  #parseIndented(template: string, indentation: string): Tokens {
    if (indentation === '') return this.parse(template);
    const lines = compactTemplate(template).split('\n');
    this.#budget.parse(template.length + lines.length * indentation.length);
    return this.#parse(lines.map((line) => (line === '' ? '' : indentation + line)).join('\n'));
  }

  override rawValue([, text = '']: string[]): string {
    return this.#counted(text);
  }

  override escapedValue([, name = '']: string[], context: Context): string {
    return this.#counted(textOf(context.lookup(name)));
  }

  override unescapedValue([, name = '']: string[], context: Context): string {
    return this.#counted(textOf(context.lookup(name)));
  }

  #counted(text: string): string {
    this.#budget.take(text.length, 0);
    return text;
  }
}

function known<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const value = values.get(key) ?? make();
  values.set(key, value);
  return value;
}
