-- CreateTable
CREATE TABLE "Prompt" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "category" TEXT NOT NULL DEFAULT '',
    "useCase" TEXT NOT NULL DEFAULT '',
    "lastNumber" INTEGER NOT NULL DEFAULT 0,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL,
    CONSTRAINT "Prompt_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "PromptTag" (
    "promptId" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    PRIMARY KEY ("promptId", "name"),
    CONSTRAINT "PromptTag_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "PromptVersion" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "promptId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "model" TEXT,
    "temperature" REAL NOT NULL DEFAULT 0,
    "topP" REAL NOT NULL DEFAULT 1,
    "maxTokens" INTEGER NOT NULL DEFAULT 1024,
    "stop" JSONB NOT NULL,
    "systemPrompt" TEXT NOT NULL DEFAULT '',
    "template" TEXT NOT NULL,
    "variables" JSONB NOT NULL,
    "examples" JSONB NOT NULL,
    "includes" JSONB NOT NULL,
    "notes" TEXT NOT NULL DEFAULT '',
    "contentHash" TEXT NOT NULL,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "PromptVersion_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "PromptLabel" (
    "promptId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "versionId" TEXT NOT NULL,
    "updatedAt" DATETIME NOT NULL,

    PRIMARY KEY ("promptId", "name"),
    CONSTRAINT "PromptLabel_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "PromptLabel_versionId_fkey" FOREIGN KEY ("versionId") REFERENCES "PromptVersion" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "LabelChange" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "promptId" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "fromNumber" INTEGER,
    "toNumber" INTEGER,
    "isRollBack" BOOLEAN NOT NULL DEFAULT false,
    "notes" TEXT NOT NULL DEFAULT '',
    "userId" TEXT,
    "time" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "LabelChange_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ProtectedLabel" (
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    PRIMARY KEY ("projectId", "name"),
    CONSTRAINT "ProtectedLabel_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "PromptEmbedding" (
    "promptId" TEXT NOT NULL PRIMARY KEY,
    "model" TEXT NOT NULL,
    "contentHash" TEXT NOT NULL,
    "vector" BLOB NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    CONSTRAINT "PromptEmbedding_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Execution" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "promptId" TEXT,
    "promptVersionId" TEXT,
    "label" TEXT,
    "abTestId" TEXT,
    "abVariantId" TEXT,
    "batchId" TEXT,
    "batchRow" INTEGER,
    "sessionId" TEXT,
    "subjectId" TEXT,
    "userId" TEXT,
    "apiKeyId" TEXT,
    "model" TEXT NOT NULL,
    "parameters" JSONB NOT NULL,
    "variables" JSONB,
    "systemPrompt" TEXT,
    "messages" JSONB,
    "includes" JSONB,
    "output" TEXT,
    "outputLength" INTEGER NOT NULL DEFAULT 0,
    "finishReason" TEXT,
    "inputTokens" INTEGER,
    "outputTokens" INTEGER,
    "cacheReadTokens" INTEGER,
    "cacheWriteTokens" INTEGER,
    "costUsd" REAL,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "errorIssues" JSONB,
    "isCached" BOOLEAN NOT NULL DEFAULT false,
    "savedMilliseconds" REAL NOT NULL DEFAULT 0,
    "savedUsd" REAL NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" DATETIME,
    "firstTextAfter" REAL,
    "milliseconds" REAL,
    "finishedAt" DATETIME,
    "redactedAt" DATETIME,
    "aliveUntil" DATETIME,
    CONSTRAINT "Execution_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "Execution_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Execution_promptVersionId_fkey" FOREIGN KEY ("promptVersionId") REFERENCES "PromptVersion" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Execution_abTestId_fkey" FOREIGN KEY ("abTestId") REFERENCES "AbTest" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Execution_abVariantId_fkey" FOREIGN KEY ("abVariantId") REFERENCES "AbVariant" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Execution_batchId_fkey" FOREIGN KEY ("batchId") REFERENCES "ExecutionBatch" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ExecutionBatch" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "promptVersionId" TEXT,
    "datasetVersionId" TEXT,
    "state" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "columns" JSONB NOT NULL,
    "parameters" JSONB NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "errorMessage" TEXT,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" DATETIME,
    "aliveUntil" DATETIME,
    CONSTRAINT "ExecutionBatch_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "ExecutionBatch_promptVersionId_fkey" FOREIGN KEY ("promptVersionId") REFERENCES "PromptVersion" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "ExecutionBatch_datasetVersionId_fkey" FOREIGN KEY ("datasetVersionId") REFERENCES "DatasetVersion" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "CachedOutput" (
    "projectId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "output" TEXT NOT NULL,
    "finishReason" TEXT NOT NULL,
    "inputTokens" INTEGER,
    "outputTokens" INTEGER,
    "costUsd" REAL,
    "milliseconds" REAL NOT NULL,
    "bytes" REAL NOT NULL,
    "hits" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,

    PRIMARY KEY ("projectId", "key"),
    CONSTRAINT "CachedOutput_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Feedback" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "executionId" TEXT NOT NULL,
    "userId" TEXT,
    "rating" INTEGER NOT NULL,
    "text" TEXT NOT NULL DEFAULT '',
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL,
    CONSTRAINT "Feedback_executionId_fkey" FOREIGN KEY ("executionId") REFERENCES "Execution" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "Feedback_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AbTest" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "promptId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "metric" TEXT NOT NULL,
    "alpha" REAL NOT NULL DEFAULT 0.05,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stoppedAt" DATETIME,
    "winnerVariantId" TEXT,
    CONSTRAINT "AbTest_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AbVariant" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "abTestId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "promptVersionId" TEXT NOT NULL,
    "model" TEXT,
    "weight" REAL NOT NULL,
    CONSTRAINT "AbVariant_abTestId_fkey" FOREIGN KEY ("abTestId") REFERENCES "AbTest" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "AbVariant_promptVersionId_fkey" FOREIGN KEY ("promptVersionId") REFERENCES "PromptVersion" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ModelPrice" (
    "projectId" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "inputPerMillion" REAL NOT NULL,
    "outputPerMillion" REAL NOT NULL,
    "cacheReadPerMillion" REAL,
    "cacheWritePerMillion" REAL,
    "updatedById" TEXT,
    "updatedAt" DATETIME NOT NULL,

    PRIMARY KEY ("projectId", "model"),
    CONSTRAINT "ModelPrice_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "PluginState" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "isEnabled" BOOLEAN NOT NULL,
    "isNetworkAllowed" BOOLEAN NOT NULL,
    "settings" BLOB,
    "updatedById" TEXT,
    "updatedAt" DATETIME NOT NULL
);

-- AlterTable
ALTER TABLE "Project" ADD COLUMN "executionRetentionDays" INTEGER;
ALTER TABLE "Project" ADD COLUMN "cacheSeconds" INTEGER NOT NULL DEFAULT 86400;
ALTER TABLE "Project" ADD COLUMN "cacheLimitBytes" REAL NOT NULL DEFAULT 100000000;
ALTER TABLE "Project" ADD COLUMN "embeddingModel" TEXT;

-- CreateIndex
CREATE INDEX "Prompt_projectId_createdAt_idx" ON "Prompt"("projectId", "createdAt");

-- CreateIndex
CREATE INDEX "Prompt_projectId_category_idx" ON "Prompt"("projectId", "category");

-- CreateIndex
CREATE UNIQUE INDEX "Prompt_projectId_name_key" ON "Prompt"("projectId", "name");

-- CreateIndex
CREATE INDEX "PromptTag_name_idx" ON "PromptTag"("name");

-- CreateIndex
CREATE UNIQUE INDEX "PromptVersion_promptId_number_key" ON "PromptVersion"("promptId", "number");

-- CreateIndex
CREATE INDEX "PromptLabel_versionId_idx" ON "PromptLabel"("versionId");

-- CreateIndex
CREATE INDEX "LabelChange_promptId_label_time_idx" ON "LabelChange"("promptId", "label", "time");

-- CreateIndex
CREATE INDEX "Execution_projectId_createdAt_id_idx" ON "Execution"("projectId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Execution_promptId_createdAt_idx" ON "Execution"("promptId", "createdAt");

-- CreateIndex
CREATE INDEX "Execution_promptVersionId_createdAt_idx" ON "Execution"("promptVersionId", "createdAt");

-- CreateIndex
CREATE INDEX "Execution_abTestId_abVariantId_idx" ON "Execution"("abTestId", "abVariantId");

-- CreateIndex
CREATE INDEX "Execution_abVariantId_idx" ON "Execution"("abVariantId");

-- CreateIndex
CREATE INDEX "Execution_batchId_state_batchRow_idx" ON "Execution"("batchId", "state", "batchRow");

-- CreateIndex
CREATE INDEX "Execution_projectId_redactedAt_finishedAt_idx" ON "Execution"("projectId", "redactedAt", "finishedAt");

-- CreateIndex
CREATE INDEX "Execution_projectId_sessionId_createdAt_idx" ON "Execution"("projectId", "sessionId", "createdAt");

-- CreateIndex
CREATE INDEX "Execution_projectId_model_createdAt_idx" ON "Execution"("projectId", "model", "createdAt");

-- CreateIndex
CREATE INDEX "Execution_state_aliveUntil_idx" ON "Execution"("state", "aliveUntil");

-- CreateIndex
CREATE UNIQUE INDEX "Execution_batchId_batchRow_key" ON "Execution"("batchId", "batchRow");

-- CreateIndex
CREATE INDEX "ExecutionBatch_projectId_createdAt_idx" ON "ExecutionBatch"("projectId", "createdAt");

-- CreateIndex
CREATE INDEX "ExecutionBatch_state_aliveUntil_idx" ON "ExecutionBatch"("state", "aliveUntil");

-- CreateIndex
CREATE INDEX "CachedOutput_projectId_lastUsedAt_idx" ON "CachedOutput"("projectId", "lastUsedAt");

-- CreateIndex
CREATE INDEX "CachedOutput_expiresAt_idx" ON "CachedOutput"("expiresAt");

-- CreateIndex
CREATE INDEX "Feedback_userId_idx" ON "Feedback"("userId");

-- CreateIndex
CREATE INDEX "Feedback_createdAt_idx" ON "Feedback"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Feedback_executionId_userId_key" ON "Feedback"("executionId", "userId");

-- CreateIndex
CREATE INDEX "AbTest_promptId_createdAt_idx" ON "AbTest"("promptId", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "AbTest_promptId_name_key" ON "AbTest"("promptId", "name");

-- CreateIndex
CREATE UNIQUE INDEX "AbVariant_abTestId_name_key" ON "AbVariant"("abTestId", "name");

-- CreateIndex
CREATE UNIQUE INDEX "AbVariant_abTestId_position_key" ON "AbVariant"("abTestId", "position");

-- Words of prompts, to search in. Prisma knows nothing of it: core/prompts writes and reads it.
CREATE VIRTUAL TABLE "PromptSearch" USING fts5("promptId", "name", "description", "content", tokenize = 'unicode61 remove_diacritics 2');

CREATE TRIGGER "PromptSearch_promptDeleted" AFTER DELETE ON "Prompt" BEGIN
    DELETE FROM "PromptSearch" WHERE "PromptSearch" MATCH '"promptId" : "' || replace(OLD."id", '"', '""') || '"' AND "promptId" = OLD."id";
END;
