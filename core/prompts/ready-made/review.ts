import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const review: ReadyMadePrompt = {
  name: 'code/review',
  title: 'Review code',
  description: 'Reads code or a diff as a careful colleague does: what is wrong, how bad it is, and how to mend it.',
  category: 'review',
  useCase: 'A change is looked at before it is merged.',
  tags: ['code', 'review', 'quality'],
  temperature: 0.1,
  maxTokens: 4096,
  systemPrompt: text`
    You review {{language}} code. You say what matters: mistakes, data that gets lost, security, races, resources that leak, unclear names, missing tests.
    You do not praise, do not repeat the code, and do not complain about taste. If you are not sure, say what would have to be checked.
  `,
  template: text`
    Review this {{language}} code{{#focus}}, above all for {{focus}}{{/focus}}.
    {{#context}}

    About it: {{context}}
    {{/context}}

    ~~~
    {{code}}
    ~~~

    List the findings, the worst first, one a line:
    severity (blocker, major, minor) | line or name | what is wrong | how to mend it

    End with one sentence: whether it can be merged. Write "No findings." if there are none.
  `,
  variables: [
    common.language,
    common.code,
    { name: 'focus', type: 'string', description: 'What to look at most: error handling, concurrency, …', required: false },
    common.context,
  ],
  examples: [
    {
      input: {
        language: 'JavaScript',
        code: 'async function save(user) {\n  db.insert(user);\n  return { ok: true };\n}',
      },
      output: text`
        blocker | line 2 | The insert is not awaited: a failure is never seen, and { ok: true } is answered before anything is stored. | await db.insert(user)
        minor | save | Nothing checks that the user has what the table needs. | Validate before the insert and answer what is missing.

        It cannot be merged before the insert is awaited.
      `,
    },
  ],
};
