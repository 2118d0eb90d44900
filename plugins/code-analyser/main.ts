import { defineTool } from '@anneal/plugins/kit';
import { analyse } from './analyse.ts';
import { input, type LanguageName, report } from './report.ts';

const byEnding: Readonly<Record<string, LanguageName>> = {
  py: 'python',
  pyi: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'typescript',
};

const endingOf = (fileName: string): string => /\.(\w+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';

const languageOf = ({ language, fileName = '' }: { language?: LanguageName; fileName?: string }): LanguageName | undefined =>
  language ?? byEnding[endingOf(fileName)];

export default defineTool({
  input,
  output: report,
  validate(given) {
    if (languageOf(given) !== undefined) return [];
    const message =
      given.fileName === undefined
        ? 'is missing: say python, javascript or typescript, or give a fileName'
        : `cannot be told from the file name ${JSON.stringify(given.fileName)}: say python, javascript or typescript`;
    return [{ path: 'language', message }];
  },
  execute(given) {
    const language = languageOf(given);
    if (language === undefined) throw new Error('the language is not known');
    return analyse(given.code, language, endingOf(given.fileName ?? '') === 'tsx', given.thresholds);
  },
});
