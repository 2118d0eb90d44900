import type { TokenPrice, Usage } from '@anneal/plugins';
import { tokenPrice } from '@anneal/plugins';
import type { ModelPrice, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Invalid, NotFound } from '../errors.ts';
import type { LanguageModel } from '../language-models/language-models.ts';
import { costOf } from './cost.ts';

export interface ModelPriceInput extends TokenPrice {
  projectId: string;
  /** `plugin/model`, or `plugin/*` for every model of a plugin that has no price of its own. */
  model: string;
}

const form = /^[a-z0-9-]+\/(\*|[\w.:@/-]{1,200})$/;
/** USD for a million tokens: more than this is a slip of the pen. */
const highest = 1_000_000;

/** What language models cost. The prices of a project go before those that a plugin knows. */
export class PriceService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** @returns what an answer has cost, in USD; null when nobody has said what the model costs */
  async cost(projectId: string, model: Pick<LanguageModel, 'id' | 'plugin' | 'price'>, usage: Usage): Promise<number | null> {
    const price = await this.price(projectId, model);
    return price ? costOf(price, usage) : null;
  }

  /** @returns the price that counts in a project; null when nobody has said it */
  async price(projectId: string, { id, plugin, price }: Pick<LanguageModel, 'id' | 'plugin' | 'price'>): Promise<TokenPrice | null> {
    const own = await this.#prisma.modelPrice.findMany({ where: { projectId, model: { in: [id, `${plugin}/*`] } } });
    const found = own.find(({ model }) => model === id) ?? own[0];
    return found ? priceIn(found) : (price ?? null);
  }

  /** Says what a model costs in a project from now on; what was executed keeps its cost. @throws Invalid, NotFound, Forbidden for viewers */
  async set(viewer: Viewer, { projectId, model, ...given }: ModelPriceInput): Promise<ModelPrice> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const price = checked(model, given);
    const data = {
      ...price,
      cacheReadPerMillion: price.cacheReadPerMillion ?? null,
      cacheWritePerMillion: price.cacheWritePerMillion ?? null,
    };
    return this.#prisma.$transaction(async (transaction) => {
      const subject = { type: 'ModelPrice', id: model };
      await audit(transaction, viewer, { action: 'setModelPrice', projectId, subject, details: { ...price } });
      return transaction.modelPrice.upsert({
        where: { projectId_model: { projectId, model } },
        update: { ...data, updatedById: viewer.userId },
        create: { ...data, projectId, model, updatedById: viewer.userId },
      });
    });
  }

  /** Forgets what a project said about a price; the one that the plugin knows counts again. @throws NotFound, Forbidden for viewers */
  async remove(viewer: Viewer, { projectId, model }: Pick<ModelPriceInput, 'projectId' | 'model'>): Promise<void> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    await this.#prisma.$transaction(async (transaction) => {
      const { count } = await transaction.modelPrice.deleteMany({ where: { projectId, model } });
      if (count === 0) throw new NotFound(`This project has no price of its own for "${model}".`);
      await audit(transaction, viewer, { action: 'deleteModelPrice', projectId, subject: { type: 'ModelPrice', id: model } });
    });
  }
}

function priceIn({ inputPerMillion, outputPerMillion, cacheReadPerMillion, cacheWritePerMillion }: ModelPrice): TokenPrice {
  return {
    inputPerMillion,
    outputPerMillion,
    cacheReadPerMillion: cacheReadPerMillion ?? undefined,
    cacheWritePerMillion: cacheWritePerMillion ?? undefined,
  };
}

function checked(model: string, given: TokenPrice): TokenPrice {
  const issues = [];
  if (!form.test(model)) {
    issues.push({
      path: 'model',
      message: 'must be plugin/model, such as openai-compatible/gpt-5, or plugin/* for all models of a plugin',
    });
  }
  const result = tokenPrice.safeParse(given);
  for (const [path, value] of Object.entries(given)) {
    if (typeof value !== 'number' || (value >= 0 && value <= highest)) continue;
    issues.push({ path, message: `must be from 0 to ${highest.toLocaleString('en')} USD for a million tokens` });
  }
  if (issues.length > 0 || !result.success) {
    throw new Invalid(issues.map(({ path, message }) => `${path} ${message}`).join('; ') || 'The price is not valid.', issues);
  }
  return result.data;
}
