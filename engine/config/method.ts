import { z } from 'zod';
import { hint } from './hint.ts';

/** How a run learns, and what of the model changes. */
export const method = z.strictObject({
  type: z
    .enum(['sft', 'pretraining', 'dpo', 'orpo', 'reward'])
    .default('sft')
    .meta(
      hint(
        'Method',
        'sft: learns to write the answers. pretraining: learns plain text, every token. dpo: learns from pairs of answers which one is preferred, held to the model it starts from (Rafailov et al. 2023). orpo: the same together with sft, in one go (Hong et al. 2024). reward: learns to value an answer with a number.',
      ),
    ),
  trainable: z
    .enum(['lora', 'full'])
    .default('lora')
    .meta(
      hint(
        'What is trained',
        'lora: small low-rank matrices beside frozen weights (Hu et al. 2021). full: every weight of the model; needs about four times the memory.',
      ),
    ),
  rank: z
    .int()
    .min(1)
    .max(512)
    .default(8)
    .meta(hint('LoRA rank', 'Inner dimension of the low-rank matrices. More rank can learn more and costs more memory.')),
  alpha: z.number().min(0.01).max(4096).default(16).meta(hint('LoRA alpha', 'The update is scaled by alpha / rank.')),
  targetModules: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(1000)
    .default(['all-linear'])
    .meta(
      hint(
        'Target modules',
        'The linear layers that get LoRA matrices: by name (q_proj), by the end of it (self_attn.q_proj), by a pattern in which * stands for anything (layers.1*.mlp.*), or all-linear.',
        { advanced: true },
      ),
    ),
  excludeModules: z
    .array(z.string().min(1).max(200))
    .max(1000)
    .default([])
    .meta(hint('Excluded modules', 'Linear layers that are left out of the target modules, named in the same ways.', { advanced: true })),
  modulesToSave: z
    .array(z.string().min(1).max(200))
    .max(1000)
    .default([])
    .meta(
      hint(
        'Modules trained whole',
        'Modules whose own weights are trained and saved beside the LoRA matrices, named in the same ways: embed_tokens, lm_head, norm.',
        { advanced: true },
      ),
    ),
  initAdapter: z
    .string()
    .default('')
    .meta(
      hint(
        'Initial adapter',
        'A PEFT folder whose adapter is trained further. Its own rank, alpha, variant and modules hold then, not those given here. Empty: a fresh adapter.',
        { advanced: true },
      ),
    ),
  rsLora: z
    .boolean()
    .default(false)
    .meta(
      hint('Rank-stabilised LoRA', 'Scales the update by alpha / √rank, so that large ranks learn as fast (Kalajdzievski 2023).', {
        advanced: true,
      }),
    ),
  dora: z
    .boolean()
    .default(false)
    .meta(
      hint('DoRA', 'Trains the length of each row of a weight apart from its direction (Liu et al. 2024). Slower than plain LoRA.', {
        advanced: true,
      }),
    ),
  dropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .meta(
      hint('LoRA dropout', 'Share of the inputs of the LoRA matrices that is set to zero at random while training.', { advanced: true }),
    ),
  dpoBeta: z
    .number()
    .min(0.001)
    .max(100)
    .default(0.1)
    .meta(hint('DPO beta', 'dpo: how strongly the model is held to the one it started from.', { advanced: true })),
  dpoLoss: z
    .enum(['sigmoid', 'ipo'])
    .default('sigmoid')
    .meta(
      hint('DPO loss', 'dpo: sigmoid is that of Rafailov et al. 2023; ipo, of Azar et al. 2023, overfits less to clear preferences.', {
        advanced: true,
      }),
    ),
  dpoLabelSmoothing: z
    .number()
    .min(0)
    .max(0.49)
    .default(0)
    .meta(
      hint('DPO label smoothing', 'dpo with the sigmoid loss: the share of pairs that is taken to be labelled the wrong way round.', {
        advanced: true,
      }),
    ),
  orpoLambda: z
    .number()
    .min(0)
    .max(100)
    .default(0.1)
    .meta(hint('ORPO lambda', 'orpo: weight of the preference beside the likelihood of the better answers.', { advanced: true })),
  rewardMargin: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .meta(hint('Reward margin', "reward: by how much the better answer's value should at least be larger.", { advanced: true })),
});
