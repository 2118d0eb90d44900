import type { ConfigFile } from './config-file.ts';
import type { ForwardContext, ForwardInputs, ForwardResult, ModelFamily } from './family.ts';
import type { Architecture, ModelConfig } from './model-config.ts';
import type { TensorList } from './tensor-list.ts';

type ConfigOf<A extends Architecture> = Extract<ModelConfig, { architecture: A }>;

/** A family in terms of its own configuration. */
interface FamilyDefinition<A extends Architecture> extends Pick<ModelFamily, 'className' | 'modelType' | 'prefix' | 'restingNorm'> {
  readConfig: (file: ConfigFile) => ConfigOf<A>;
  tensors: (config: ConfigOf<A>) => TensorList;
  forward: (context: ForwardContext, config: ConfigOf<A>, inputs: ForwardInputs) => ForwardResult;
}

/** Makes a family that is written for its own configuration one that takes any, and refuses those of others. */
export function defineFamily<A extends Architecture>(architecture: A, definition: FamilyDefinition<A>): ModelFamily {
  const { tensors, forward, ...rest } = definition;
  const belongs = (config: ModelConfig): config is ConfigOf<A> => config.architecture === architecture;
  const own = (config: ModelConfig): ConfigOf<A> => {
    if (!belongs(config)) throw new RangeError(`a ${config.architecture} configuration for the ${architecture} family`);
    return config;
  };
  return {
    ...rest,
    parameters: (config) => tensors(own(config)).shapes,
    linears: (config) => tensors(own(config)).linears,
    forward: (context, config, inputs) => forward(context, own(config), inputs),
  };
}
