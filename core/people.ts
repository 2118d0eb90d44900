import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { PrismaClient } from '@anneal/prisma';
import { type AccessChange, onAccessChange } from './access/access-changes.ts';
import { ApiKeyService } from './api-keys/api-keys.ts';
import { ApiKeyUsageRecorder } from './api-keys/usage.ts';
import type { StudioConfig } from './config.ts';
import { AccessTokens } from './identity/access-tokens.ts';
import { AccountService } from './identity/accounts.ts';
import { IdentityService } from './identity/identity.ts';
import { SessionService } from './identity/sessions.ts';
import { SigningKeys } from './identity/signing-keys.ts';
import { UserService } from './identity/users.ts';
import { DatabaseLimiter } from './limits/database-limiter.ts';
import { MemoryLimiter } from './limits/memory-limiter.ts';
import type { RateLimiter } from './limits/token-bucket.ts';
import type { Logger } from './logger.ts';
import { MemberService } from './projects/members.ts';
import { ProjectService } from './projects/projects.ts';
import type { Bus } from './streams/bus.ts';

/** Who may use the studio, and what for. */
export interface People {
  readonly identity: IdentityService;
  readonly accounts: AccountService;
  readonly sessions: SessionService;
  readonly users: UserService;
  readonly projects: ProjectService;
  readonly members: MemberService;
  readonly apiKeys: ApiKeyService;
  readonly apiKeyUsage: ApiKeyUsageRecorder;
  /** In memory; shared by all servers when they share a PostgreSQL database. */
  readonly rateLimiter: RateLimiter;
  /** Hears whose access has changed, on whichever server; null: messages were lost, it may be anybody's. @returns ends it. */
  onAccessChange(listener: (change: AccessChange | null) => void): () => void;
}

export interface PeopleOptions {
  config: StudioConfig;
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  folderOf: (runId: string) => string;
}

/** @throws Unavailable when the keys in the data folder cannot be used */
export function createPeople({ config, prisma, bus, logger, folderOf }: PeopleOptions): People {
  const tokens = new AccessTokens(new SigningKeys(config.dataFolder));
  const sessions = new SessionService(prisma, bus, tokens);
  const remove = (file: string) => rm(file, { recursive: true, force: true, maxRetries: 3 });
  return {
    identity: new IdentityService(prisma, tokens, config),
    accounts: new AccountService({ prisma, bus, sessions, config }),
    sessions,
    users: new UserService({ prisma, bus, sessions }),
    projects: new ProjectService({
      prisma,
      bus,
      removeFiles: async ({ runIds, paths }) => {
        const files = [...runIds.map(folderOf), ...paths.map((file) => path.join(config.dataFolder, file))];
        for (const file of files) {
          const isInside = path.resolve(file).startsWith(path.resolve(config.dataFolder) + path.sep);
          if (!isInside) throw new Error(`${file} is no file of the data folder`);
          await remove(file).catch((error: unknown) => logger.warn({ error, file }, 'a file of a deleted project is left'));
        }
      },
    }),
    members: new MemberService(prisma, bus),
    apiKeys: new ApiKeyService(prisma, bus),
    apiKeyUsage: new ApiKeyUsageRecorder(prisma, logger),
    rateLimiter: /^postgres(ql)?:/.test(config.databaseUrl) ? new DatabaseLimiter(prisma) : new MemoryLimiter(),
    onAccessChange: (listener) => onAccessChange(bus, listener),
  };
}
