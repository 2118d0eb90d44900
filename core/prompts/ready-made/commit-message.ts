import { type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const commitMessage: ReadyMadePrompt = {
  name: 'git/commit-message',
  title: 'Write a commit message',
  description: 'Turns a diff into a commit message that says what changed and why.',
  category: 'writing',
  useCase: 'A change is about to be committed.',
  tags: ['git', 'writing'],
  temperature: 0.2,
  maxTokens: 512,
  systemPrompt: text`
    You write commit messages. The first line has at most {{lineLimit}} characters, is in the imperative, says what the change does, and has no full stop.
    {{#conventional}}
    It begins with a type as Conventional Commits has them: feat, fix, docs, refactor, perf, test, build, ci or chore; a scope in parentheses if one is clear.
    {{/conventional}}
    If the reason is not plain from that, a blank line follows and then why, wrapped at 72 characters. Never list the files, and never invent a reason.
  `,
  template: text`
    Write the commit message for this diff.
    {{#reason}}

    Why it was made: {{reason}}
    {{/reason}}

    ~~~diff
    {{diff}}
    ~~~

    Answer with the message alone.
  `,
  variables: [
    { name: 'diff', type: 'string', description: 'Output of git diff --staged', required: true },
    { name: 'reason', type: 'string', description: 'Why the change was made', required: false },
    { name: 'conventional', type: 'boolean', description: 'Whether to follow Conventional Commits', default: false, required: false },
    { name: 'lineLimit', type: 'number', description: 'Characters of the first line', default: 72, required: false },
  ],
  examples: [
    {
      input: {
        diff: '--- a/limits.ts\n+++ b/limits.ts\n@@\n-export const timeout = 5_000;\n+export const timeout = 30_000;',
        reason: 'Large uploads were cut off on slow connections.',
        conventional: true,
      },
      output: text`
        fix(limits): let requests take 30 seconds

        Large uploads were cut off on slow connections.
      `,
    },
  ],
};
