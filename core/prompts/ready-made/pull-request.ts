import { type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const pullRequest: ReadyMadePrompt = {
  name: 'git/pull-request',
  title: 'Describe a pull request',
  description: 'Writes the description of a pull request: what changes for users, how it was done, how to check it.',
  category: 'writing',
  useCase: 'A branch is ready and reviewers need to know where to look.',
  tags: ['git', 'writing', 'review'],
  temperature: 0.3,
  maxTokens: 1024,
  systemPrompt: text`
    You write descriptions of pull requests for busy reviewers. You say what changes for whoever uses the software before you say how. You claim nothing that the commits and the diff do not show.
  `,
  template: text`
    Describe this pull request.

    Commits:
    {{#commits}}
    - {{.}}
    {{/commits}}
    {{#diff}}

    ~~~diff
    {{diff}}
    ~~~
    {{/diff}}

    Answer with a title of at most 72 characters and three short parts: What changes, How, How to check it. Add a part Risks only if there are any.
  `,
  variables: [
    { name: 'commits', type: 'list', description: 'Messages of the commits, the oldest first', required: true },
    { name: 'diff', type: 'string', description: 'Output of git diff main...', required: false },
  ],
  examples: [
    {
      input: { commits: ['Keep drafts in the browser', 'Bring a draft back after a reload', 'Test that drafts survive'] },
      output: text`
        Keep drafts when the page is reloaded

        What changes: what was typed and not sent is still there after a reload.

        How: drafts are kept in the browser while one types, and read again when the page opens.

        How to check it: type something, reload, and see it again. The new tests do the same.
      `,
    },
  ],
};
