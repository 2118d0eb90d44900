import type { Issue } from '@anneal/engine';
import { Invalid } from '../errors.ts';
import type { ResolvedIncludes } from './includes.ts';
import { PromptRenderer } from './rendering.ts';
import { fillIn, type JsonValue } from './variables.ts';
import type { Wording } from './wording.ts';

type Values = Readonly<Record<string, JsonValue>>;

/** A wording with all values that it needs. */
export interface FilledWording {
  /** Of the question; with the defaults. */
  values: Values;
  /** Questions of the examples: as they are, or values. */
  examples: { input: string | Values; output: string }[];
  /** The values that were given, without those that are null. */
  given: Record<string, JsonValue>;
  /** At `variables.<name>` and `examples.<index>.input.<name>`. Empty: everything is there. */
  issues: Issue[];
}

/** What one side says. */
export interface Turn {
  role: 'user' | 'assistant';
  content: string;
}

/** What a model is asked. */
export interface RenderedWording {
  /** Undefined: there is none. */
  system: string | undefined;
  /** Examples as turns of user and assistant, then the question. */
  messages: Turn[];
}

/**
 * Fills a wording in. Examples come before the question, as turns of user and assistant; one with values is rendered with the same
 * template as the question.
 * @param wording without issues
 * @param values JSON object
 * @throws Invalid with issues at `variables.<name>` and `examples.<index>.input.<name>`, or `template` when it becomes too long or empty
 */
export function renderWording(
  wording: Wording,
  included: ResolvedIncludes,
  values: unknown,
): RenderedWording & Pick<FilledWording, 'given'> {
  const filled = fillWording(wording, included, values);
  const { issues, given } = filled;
  if (issues.length > 0) {
    const messages = issues.slice(0, 5).map(({ message }) => message);
    throw new Invalid(`The prompt cannot be filled in: ${messages.join(' ')}`, issues);
  }
  return { ...renderFilled(wording, included, filled), given };
}

/** Looks at values, those of the examples too. */
export function fillWording(wording: Wording, included: ResolvedIncludes, input: unknown): FilledWording {
  const { values, given, issues } = fillIn(included.variables, input);
  const examples = wording.examples.map((example, index) => {
    if (typeof example.input === 'string') return example;
    const filled = fillIn(included.variables, example.input, `examples.${index}.input`);
    issues.push(...filled.issues);
    return { ...example, input: filled.values };
  });
  return { values, examples, given, issues };
}

/** @throws Invalid at `template` when it becomes too long or empty */
export function renderFilled(
  { systemPrompt, template }: Pick<Wording, 'systemPrompt' | 'template'>,
  { templates }: Pick<ResolvedIncludes, 'templates'>,
  { values, examples }: Pick<FilledWording, 'values' | 'examples'>,
): RenderedWording {
  const renderer = new PromptRenderer(templates);
  const system = renderer.render(systemPrompt, values);
  const messages = examples.flatMap(({ input, output }): Turn[] => {
    if (typeof input === 'string') renderer.take(input);
    renderer.take(output);
    const content = typeof input === 'string' ? input : renderer.render(template, input);
    return [
      { role: 'user', content },
      { role: 'assistant', content: output },
    ];
  });
  const content = renderer.render(template, values);
  if (content.trim() === '') {
    const message = 'With these values nothing is left to ask: the rendered template is empty.';
    throw new Invalid(message, [{ path: 'template', message }]);
  }
  messages.push({ role: 'user', content });
  return { system: system.trim() === '' ? undefined : system, messages };
}
