import { GraphQLError, parse, type ASTVisitor, type ParseOptions, type Source, type ValidationContext } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Limits } from './limits.ts';

/** Refuses documents with too many tokens before they are parsed whole, and documents with too many aliases. */
export function useDocumentLimits(limits: Pick<Limits, 'documentTokens' | 'aliases'>): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: string | Source, options?: ParseOptions) => {
        try {
          return parse(source, { ...options, maxTokens: limits.documentTokens });
        } catch (error) {
          if (error instanceof GraphQLError && error.message.includes('tokens. Parsing aborted'))
            throw tooManyTokens(limits.documentTokens);
          throw error;
        }
      });
    },
    onValidate({ addValidationRule }) {
      addValidationRule((context: ValidationContext) => countAliases(context, limits.aliases));
    },
  };
}

const tooManyTokens = (limit: number) =>
  new GraphQLError(
    `The document has more than ${limit} tokens, which is the limit. Split it into smaller ones, or use variables and fragments.`,
    {
      extensions: { code: 'TOKEN_LIMIT' },
    },
  );

function countAliases(context: ValidationContext, limit: number): ASTVisitor {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias) aliases++;
    },
    Document: {
      leave() {
        if (aliases > limit) {
          const message = `The document has ${aliases} aliases; the limit is ${limit}. Send several smaller documents.`;
          context.reportError(new GraphQLError(message, { extensions: { code: 'ALIAS_LIMIT' } }));
        }
      },
    },
  };
}
