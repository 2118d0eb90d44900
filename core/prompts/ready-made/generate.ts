import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const generate: ReadyMadePrompt = {
  name: 'code/generate',
  title: 'Write code',
  description: 'Writes code for a task, complete and ready to run, with the assumptions that it made.',
  category: 'generation',
  useCase: 'A function, class or script is described in words and is to be written.',
  tags: ['code', 'generation'],
  temperature: 0.2,
  maxTokens: 4096,
  systemPrompt: text`
    You are an experienced {{language}} programmer. You write code that is correct first, then simple, then fast.
    Handle bad input and edge cases. Use the standard library unless the task names another one. Never leave out parts or write placeholders.
  `,
  template: text`
    Write {{language}} code for this task:

    {{task}}
    {{#requirements.length}}

    It has to meet these requirements:
    {{#requirements}}
    - {{.}}
    {{/requirements}}
    {{/requirements.length}}
    {{#context}}

    What there is already:

    {{context}}
    {{/context}}

    Answer with one code block that can be used as it stands. Below it, list in short what you assumed; leave the list out if you assumed nothing.
  `,
  variables: [
    common.language,
    { name: 'task', type: 'string', description: 'What the code has to do', required: true },
    { name: 'requirements', type: 'list', description: 'Conditions that it has to meet, a text each', default: [], required: false },
    common.context,
  ],
  examples: [
    {
      input: { language: 'Python', task: 'Split a list into pieces of a given size.', requirements: ['The last piece may be shorter.'] },
      output: text`
        ~~~python
        def pieces(items: list, size: int) -> list[list]:
            """Split items into lists of at most size items, in order."""
            if size < 1:
                raise ValueError(f"size must be at least 1, not {size}")
            return [items[start : start + size] for start in range(0, len(items), size)]
        ~~~

        - An empty list has no pieces.
      `,
    },
  ],
};
