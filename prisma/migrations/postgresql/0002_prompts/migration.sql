-- CreateEnum
CREATE TYPE "ExecutionState" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "ExecutionBatchState" AS ENUM ('RUNNING', 'COMPLETED', 'CANCELLED', 'FAILED');

-- CreateEnum
CREATE TYPE "AbTestState" AS ENUM ('RUNNING', 'STOPPED');

-- CreateEnum
CREATE TYPE "AbMetric" AS ENUM ('SUCCESS', 'RATING', 'LATENCY', 'COST');

-- AlterTable
ALTER TABLE "Project" ADD COLUMN     "cacheLimitBytes" DOUBLE PRECISION NOT NULL DEFAULT 100000000,
ADD COLUMN     "cacheSeconds" INTEGER NOT NULL DEFAULT 86400,
ADD COLUMN     "embeddingModel" TEXT,
ADD COLUMN     "executionRetentionDays" INTEGER;

-- CreateTable
CREATE TABLE "Prompt" (
    "id" TEXT NOT NULL,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "category" TEXT NOT NULL DEFAULT '',
    "useCase" TEXT NOT NULL DEFAULT '',
    "lastNumber" INTEGER NOT NULL DEFAULT 0,
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Prompt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PromptTag" (
    "promptId" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "PromptTag_pkey" PRIMARY KEY ("promptId","name")
);

-- CreateTable
CREATE TABLE "PromptVersion" (
    "id" TEXT NOT NULL,
    "promptId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "model" TEXT,
    "temperature" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "topP" DOUBLE PRECISION NOT NULL DEFAULT 1,
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
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PromptVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PromptLabel" (
    "promptId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "versionId" TEXT NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "PromptLabel_pkey" PRIMARY KEY ("promptId","name")
);

-- CreateTable
CREATE TABLE "LabelChange" (
    "id" TEXT NOT NULL,
    "promptId" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "fromNumber" INTEGER,
    "toNumber" INTEGER,
    "isRollBack" BOOLEAN NOT NULL DEFAULT false,
    "notes" TEXT NOT NULL DEFAULT '',
    "userId" TEXT,
    "time" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "LabelChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ProtectedLabel" (
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "ProtectedLabel_pkey" PRIMARY KEY ("projectId","name")
);

-- CreateTable
CREATE TABLE "PromptEmbedding" (
    "promptId" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "contentHash" TEXT NOT NULL,
    "vector" BYTEA NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "PromptEmbedding_pkey" PRIMARY KEY ("promptId")
);

-- CreateTable
CREATE TABLE "Execution" (
    "id" TEXT NOT NULL,
    "projectId" TEXT NOT NULL,
    "state" "ExecutionState" NOT NULL,
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
    "costUsd" DOUBLE PRECISION,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "errorIssues" JSONB,
    "isCached" BOOLEAN NOT NULL DEFAULT false,
    "savedMilliseconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "savedUsd" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMP(3),
    "firstTextAfter" DOUBLE PRECISION,
    "milliseconds" DOUBLE PRECISION,
    "finishedAt" TIMESTAMP(3),
    "redactedAt" TIMESTAMP(3),
    "aliveUntil" TIMESTAMP(3),

    CONSTRAINT "Execution_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ExecutionBatch" (
    "id" TEXT NOT NULL,
    "projectId" TEXT NOT NULL,
    "promptVersionId" TEXT,
    "datasetVersionId" TEXT,
    "state" "ExecutionBatchState" NOT NULL,
    "model" TEXT NOT NULL,
    "columns" JSONB NOT NULL,
    "parameters" JSONB NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "errorMessage" TEXT,
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMP(3),
    "aliveUntil" TIMESTAMP(3),

    CONSTRAINT "ExecutionBatch_pkey" PRIMARY KEY ("id")
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
    "costUsd" DOUBLE PRECISION,
    "milliseconds" DOUBLE PRECISION NOT NULL,
    "bytes" DOUBLE PRECISION NOT NULL,
    "hits" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "CachedOutput_pkey" PRIMARY KEY ("projectId","key")
);

-- CreateTable
CREATE TABLE "Feedback" (
    "id" TEXT NOT NULL,
    "executionId" TEXT NOT NULL,
    "userId" TEXT,
    "rating" INTEGER NOT NULL,
    "text" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Feedback_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AbTest" (
    "id" TEXT NOT NULL,
    "promptId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "state" "AbTestState" NOT NULL,
    "metric" "AbMetric" NOT NULL,
    "alpha" DOUBLE PRECISION NOT NULL DEFAULT 0.05,
    "createdById" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stoppedAt" TIMESTAMP(3),
    "winnerVariantId" TEXT,

    CONSTRAINT "AbTest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AbVariant" (
    "id" TEXT NOT NULL,
    "abTestId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "promptVersionId" TEXT NOT NULL,
    "model" TEXT,
    "weight" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "AbVariant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ModelPrice" (
    "projectId" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "inputPerMillion" DOUBLE PRECISION NOT NULL,
    "outputPerMillion" DOUBLE PRECISION NOT NULL,
    "cacheReadPerMillion" DOUBLE PRECISION,
    "cacheWritePerMillion" DOUBLE PRECISION,
    "updatedById" TEXT,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "ModelPrice_pkey" PRIMARY KEY ("projectId","model")
);

-- CreateTable
CREATE TABLE "PluginState" (
    "name" TEXT NOT NULL,
    "isEnabled" BOOLEAN NOT NULL,
    "isNetworkAllowed" BOOLEAN NOT NULL,
    "settings" BYTEA,
    "updatedById" TEXT,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "PluginState_pkey" PRIMARY KEY ("name")
);

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

-- AddForeignKey
ALTER TABLE "Prompt" ADD CONSTRAINT "Prompt_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PromptTag" ADD CONSTRAINT "PromptTag_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PromptVersion" ADD CONSTRAINT "PromptVersion_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PromptLabel" ADD CONSTRAINT "PromptLabel_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PromptLabel" ADD CONSTRAINT "PromptLabel_versionId_fkey" FOREIGN KEY ("versionId") REFERENCES "PromptVersion"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LabelChange" ADD CONSTRAINT "LabelChange_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProtectedLabel" ADD CONSTRAINT "ProtectedLabel_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PromptEmbedding" ADD CONSTRAINT "PromptEmbedding_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Execution" ADD CONSTRAINT "Execution_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Execution" ADD CONSTRAINT "Execution_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Execution" ADD CONSTRAINT "Execution_promptVersionId_fkey" FOREIGN KEY ("promptVersionId") REFERENCES "PromptVersion"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Execution" ADD CONSTRAINT "Execution_abTestId_fkey" FOREIGN KEY ("abTestId") REFERENCES "AbTest"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Execution" ADD CONSTRAINT "Execution_abVariantId_fkey" FOREIGN KEY ("abVariantId") REFERENCES "AbVariant"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Execution" ADD CONSTRAINT "Execution_batchId_fkey" FOREIGN KEY ("batchId") REFERENCES "ExecutionBatch"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExecutionBatch" ADD CONSTRAINT "ExecutionBatch_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExecutionBatch" ADD CONSTRAINT "ExecutionBatch_promptVersionId_fkey" FOREIGN KEY ("promptVersionId") REFERENCES "PromptVersion"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ExecutionBatch" ADD CONSTRAINT "ExecutionBatch_datasetVersionId_fkey" FOREIGN KEY ("datasetVersionId") REFERENCES "DatasetVersion"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "CachedOutput" ADD CONSTRAINT "CachedOutput_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Feedback" ADD CONSTRAINT "Feedback_executionId_fkey" FOREIGN KEY ("executionId") REFERENCES "Execution"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Feedback" ADD CONSTRAINT "Feedback_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AbTest" ADD CONSTRAINT "AbTest_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AbVariant" ADD CONSTRAINT "AbVariant_abTestId_fkey" FOREIGN KEY ("abTestId") REFERENCES "AbTest"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AbVariant" ADD CONSTRAINT "AbVariant_promptVersionId_fkey" FOREIGN KEY ("promptVersionId") REFERENCES "PromptVersion"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ModelPrice" ADD CONSTRAINT "ModelPrice_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Words of prompts, to search in. Prisma knows nothing of it: core/prompts writes and reads it.
CREATE TABLE "PromptSearch" (
    "promptId" TEXT NOT NULL,
    "document" tsvector NOT NULL,

    CONSTRAINT "PromptSearch_pkey" PRIMARY KEY ("promptId"),
    CONSTRAINT "PromptSearch_promptId_fkey" FOREIGN KEY ("promptId") REFERENCES "Prompt"("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX "PromptSearch_document_idx" ON "PromptSearch" USING GIN ("document");
