import { commitMessage } from './commit-message.ts';
import { document } from './document.ts';
import { explain } from './explain.ts';
import { findBug } from './find-bug.ts';
import { generate } from './generate.ts';
import { optimize } from './optimize.ts';
import { pullRequest } from './pull-request.ts';
import type { ReadyMadePrompt } from './ready-made-prompt.ts';
import { refactor } from './refactor.ts';
import { review } from './review.ts';
import { securityAudit } from './security-audit.ts';
import { sql } from './sql.ts';
import { tests } from './tests.ts';
import { translate } from './translate.ts';

/** Prompts that a project can begin with. A new one is a file beside this one and a line here. */
export const readyMadePrompts: readonly ReadyMadePrompt[] = [
  generate,
  review,
  refactor,
  tests,
  explain,
  securityAudit,
  document,
  translate,
  findBug,
  optimize,
  commitMessage,
  sql,
  pullRequest,
];
