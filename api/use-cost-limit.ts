import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { GraphQLError, type DocumentNode, type GraphQLSchema } from 'graphql';
import { explainError, operationCost, type OperationCost } from '@anneal/schema';
import type { Limits } from './limits.ts';

interface Operation {
  schema: GraphQLSchema;
  document: DocumentNode;
  operationName?: string | null;
  variableValues?: Record<string, unknown> | null;
  contextValue?: unknown;
}

/**
 * Measures each operation before it runs, with its variables, and refuses what is too deep, too broad or too costly.
 * Answers carry `extensions.cost { requested, limit }`, so that a client sees how close it is.
 */
export function useCostLimit(limits: Pick<Limits, 'depth' | 'breadth' | 'cost'>): Plugin {
  const measure = (operation: Operation) => {
    try {
      const cost = operationCost(operation);
      return { cost, errors: cost ? refusals(cost, limits) : [] };
    } catch (error) {
      const shown = explainError(error);
      if (!shown) throw error;
      return { cost: null, errors: [shown] };
    }
  };
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const { cost, errors } = measure(args);
      const extensions = cost && { cost: { requested: cost.complexity, limit: limits.cost } };
      if (errors.length > 0) {
        setResultAndStopExecution({ errors, ...(extensions && { extensions }) });
        return undefined;
      }
      return {
        onExecuteDone({ result, setResult }) {
          if (extensions && !isAsyncIterable(result)) setResult({ ...result, extensions: { ...result.extensions, ...extensions } });
        },
      };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const { errors } = measure(args);
      if (errors.length > 0) setResultAndStopExecution({ errors });
    },
  };
}

function refusals(cost: OperationCost, limits: Pick<Limits, 'depth' | 'breadth' | 'cost'>): GraphQLError[] {
  const errors: GraphQLError[] = [];
  const refuse = (code: string, message: string, requested: number, limit: number) =>
    errors.push(new GraphQLError(message, { extensions: { code, cost: { requested, limit } } }));
  if (cost.depth > limits.depth) {
    refuse(
      'DEPTH_LIMIT',
      `The operation is ${cost.depth} levels deep; the limit is ${limits.depth}. Ask for the inner part on its own.`,
      cost.depth,
      limits.depth,
    );
  }
  if (cost.breadth > limits.breadth) {
    refuse(
      'BREADTH_LIMIT',
      `The operation selects ${cost.breadth} fields; the limit is ${limits.breadth}. Split it into several.`,
      cost.breadth,
      limits.breadth,
    );
  }
  if (cost.complexity > limits.cost) {
    refuse(
      'COST_LIMIT',
      `The operation costs ${cost.complexity}; the limit is ${limits.cost}. Ask for smaller pages (first, last) or fewer nested lists.`,
      cost.complexity,
      limits.cost,
    );
  }
  return errors;
}
