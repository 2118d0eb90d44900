export interface Issue {
  path: string;
  message: string;
}

export interface PlacedIssues {
  /** Messages by the path of the field that they belong to. */
  byPath: Readonly<Record<string, string>>;
  /** Those that belong to no field of the form. */
  elsewhere: readonly Issue[];
}

/** Puts each issue at its field. A path may start with `input` and `config`, or point inside a field (`method.targetModules.0`). */
export function placeIssues(issues: readonly Issue[], paths: readonly string[]): PlacedIssues {
  const byPath: Record<string, string> = {};
  const elsewhere: Issue[] = [];
  for (const issue of issues) {
    const path = issue.path.replace(/^(input\.)?(config\.)?/, '');
    const field = paths.find((candidate) => candidate === path || path.startsWith(`${candidate}.`));
    if (field === undefined) elsewhere.push(issue);
    else byPath[field] = byPath[field] === undefined ? issue.message : `${byPath[field]} ${issue.message}`;
  }
  return { byPath, elsewhere };
}
