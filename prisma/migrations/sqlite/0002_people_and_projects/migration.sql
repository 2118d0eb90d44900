-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "email" TEXT,
    "name" TEXT NOT NULL,
    "passwordHash" TEXT,
    "isAdministrator" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deactivatedAt" DATETIME
);

-- CreateTable
CREATE TABLE "Session" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    "revokedAt" DATETIME,
    "revokedReason" TEXT,
    "userAgent" TEXT NOT NULL DEFAULT '',
    "address" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "RefreshToken" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "sessionId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "usedAt" DATETIME,
    CONSTRAINT "RefreshToken_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ApiKey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "projectId" TEXT,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" JSONB NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME,
    "lastUsedAt" DATETIME,
    "revokedAt" DATETIME,
    CONSTRAINT "ApiKey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "ApiKey_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ApiKeyUsage" (
    "apiKeyId" TEXT NOT NULL,
    "day" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "errors" INTEGER NOT NULL,
    "milliseconds" REAL NOT NULL,

    PRIMARY KEY ("apiKeyId", "day", "operation"),
    CONSTRAINT "ApiKeyUsage_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "RateBucket" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "fullAt" REAL NOT NULL
);

-- CreateTable
CREATE TABLE "Project" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- CreateTable
CREATE TABLE "Membership" (
    "projectId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,

    PRIMARY KEY ("projectId", "userId"),
    CONSTRAINT "Membership_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "Membership_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AuditEntry" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "time" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "userId" TEXT,
    "apiKeyId" TEXT,
    "projectId" TEXT,
    "action" TEXT NOT NULL,
    "subjectType" TEXT NOT NULL DEFAULT '',
    "subjectId" TEXT NOT NULL DEFAULT '',
    "details" JSONB NOT NULL,
    "address" TEXT NOT NULL DEFAULT '',
    CONSTRAINT "AuditEntry_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "AuditEntry_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Upload" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "fileName" TEXT NOT NULL,
    "bytes" REAL NOT NULL,
    "received" REAL NOT NULL DEFAULT 0,
    "sha256" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" DATETIME NOT NULL,
    "finishedAt" DATETIME,
    CONSTRAINT "Upload_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Dataset" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastNumber" INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT "Dataset_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "DatasetVersion" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "datasetId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "contentHash" TEXT NOT NULL,
    "bytes" REAL NOT NULL,
    "path" TEXT NOT NULL,
    "isEncrypted" BOOLEAN NOT NULL DEFAULT false,
    "source" TEXT NOT NULL,
    "origin" JSONB NOT NULL,
    "format" TEXT NOT NULL DEFAULT '',
    "columns" JSONB,
    "splits" JSONB,
    "tokenizerOf" TEXT,
    "rows" INTEGER,
    "problems" JSONB NOT NULL,
    "problemCount" INTEGER NOT NULL DEFAULT 0,
    "statistics" JSONB,
    "notes" TEXT NOT NULL DEFAULT '',
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" DATETIME,
    "checkedUntil" DATETIME,
    CONSTRAINT "DatasetVersion_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "BaseModel" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "hubId" TEXT,
    "revision" TEXT,
    "commit" TEXT,
    "architecture" TEXT NOT NULL DEFAULT '',
    "parameters" REAL NOT NULL DEFAULT 0,
    "bytes" REAL NOT NULL DEFAULT 0,
    "receivedBytes" REAL NOT NULL DEFAULT 0,
    "problem" TEXT,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "BaseModel_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Model" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "lastVersionNumber" INTEGER NOT NULL DEFAULT 0,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Model_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ModelVersion" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "modelId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "contentHash" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "bytes" REAL NOT NULL,
    "files" JSONB NOT NULL,
    "metrics" JSONB NOT NULL,
    "config" JSONB,
    "notes" TEXT NOT NULL DEFAULT '',
    "step" INTEGER,
    "runId" TEXT,
    "baseModelId" TEXT,
    "datasetVersionId" TEXT,
    "parentId" TEXT,
    "createdById" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "ModelVersion_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "ModelVersion_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "ModelVersion_baseModelId_fkey" FOREIGN KEY ("baseModelId") REFERENCES "BaseModel" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "ModelVersion_datasetVersionId_fkey" FOREIGN KEY ("datasetVersionId") REFERENCES "DatasetVersion" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "ModelVersion_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "ModelVersion" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "ModelAlias" (
    "modelId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "versionId" TEXT NOT NULL,
    "updatedAt" DATETIME NOT NULL,

    PRIMARY KEY ("modelId", "name"),
    CONSTRAINT "ModelAlias_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "ModelAlias_versionId_fkey" FOREIGN KEY ("versionId") REFERENCES "ModelVersion" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "AliasChange" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "modelId" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "fromNumber" INTEGER,
    "toNumber" INTEGER,
    "isRollBack" BOOLEAN NOT NULL DEFAULT false,
    "userId" TEXT,
    "time" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "AliasChange_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "RunTag" (
    "runId" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    PRIMARY KEY ("runId", "name"),
    CONSTRAINT "RunTag_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "TransactionMark" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "time" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- What was made before there were projects goes into one; the studio makes its one user a member when it starts.
INSERT INTO "Project" ("id", "name", "createdAt") SELECT 'default', 'Default', unixepoch() * 1000 WHERE EXISTS (SELECT 1 FROM "Experiment");

-- RedefineTables
-- WITHOUT ROWID is added by hand, as in the first migration.
CREATE TABLE "new_Experiment" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "projectId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "searchText" TEXT NOT NULL DEFAULT '',
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Experiment_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "new_Experiment" ("createdAt", "description", "id", "name", "projectId") SELECT "createdAt", "description", "id", "name", 'default' FROM "Experiment";
DROP TABLE "Experiment";
ALTER TABLE "new_Experiment" RENAME TO "Experiment";
CREATE INDEX "Experiment_projectId_createdAt_idx" ON "Experiment"("projectId", "createdAt");
CREATE UNIQUE INDEX "Experiment_projectId_name_key" ON "Experiment"("projectId", "name");
CREATE TABLE "new_Run" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "projectId" TEXT NOT NULL,
    "experimentId" TEXT NOT NULL,
    "source" TEXT NOT NULL DEFAULT 'ENGINE',
    "state" TEXT NOT NULL DEFAULT 'QUEUED',
    "priority" INTEGER NOT NULL DEFAULT 0,
    "wantedDevice" TEXT NOT NULL DEFAULT 'auto',
    "slot" TEXT,
    "notes" TEXT NOT NULL DEFAULT '',
    "searchText" TEXT NOT NULL DEFAULT '',
    "createdById" TEXT,
    "parentId" TEXT,
    "datasetVersionId" TEXT,
    "baseModelId" TEXT,
    "config" JSONB NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" DATETIME,
    "finishedAt" DATETIME,
    "step" INTEGER NOT NULL DEFAULT 0,
    "totalSteps" INTEGER,
    "secondsPerStep" REAL,
    "lastStepAt" DATETIME,
    "device" TEXT,
    "threads" INTEGER,
    "parameters" REAL,
    "trainableParameters" REAL,
    "trainExamples" INTEGER,
    "validationExamples" INTEGER,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "errorIssues" JSONB,
    "summary" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "fruitlessAttempts" INTEGER NOT NULL DEFAULT 0,
    "stepAtStart" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "maxCrashes" INTEGER NOT NULL DEFAULT 20,
    "nextAttemptAt" DATETIME,
    "savingAttempts" INTEGER NOT NULL DEFAULT 0,
    "journalOffset" BIGINT NOT NULL DEFAULT 0,
    "journalSequence" INTEGER NOT NULL DEFAULT 0,
    "eventSequence" INTEGER NOT NULL DEFAULT 0,
    "thinnedAt" DATETIME,
    CONSTRAINT "Run_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "Run_experimentId_fkey" FOREIGN KEY ("experimentId") REFERENCES "Experiment" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "Run_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Run" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Run_datasetVersionId_fkey" FOREIGN KEY ("datasetVersionId") REFERENCES "DatasetVersion" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT "Run_baseModelId_fkey" FOREIGN KEY ("baseModelId") REFERENCES "BaseModel" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
INSERT INTO "new_Run" ("attempts", "config", "createdAt", "device", "errorCode", "errorIssues", "errorMessage", "eventSequence", "experimentId", "finishedAt", "fruitlessAttempts", "id", "journalOffset", "journalSequence", "lastStepAt", "name", "parameters", "secondsPerStep", "startedAt", "state", "step", "stepAtStart", "summary", "threads", "totalSteps", "trainExamples", "trainableParameters", "validationExamples", "projectId") SELECT "attempts", "config", "createdAt", "device", "errorCode", "errorIssues", "errorMessage", "eventSequence", "experimentId", "finishedAt", "fruitlessAttempts", "id", "journalOffset", "journalSequence", "lastStepAt", "name", "parameters", "secondsPerStep", "startedAt", "state", "step", "stepAtStart", "summary", "threads", "totalSteps", "trainExamples", "trainableParameters", "validationExamples", 'default' FROM "Run";
DROP TABLE "Run";
ALTER TABLE "new_Run" RENAME TO "Run";
CREATE INDEX "Run_projectId_createdAt_id_idx" ON "Run"("projectId", "createdAt", "id");
CREATE INDEX "Run_createdAt_id_idx" ON "Run"("createdAt", "id");
CREATE INDEX "Run_state_priority_createdAt_idx" ON "Run"("state", "priority", "createdAt");
CREATE INDEX "Run_experimentId_createdAt_idx" ON "Run"("experimentId", "createdAt");
CREATE INDEX "Run_slot_idx" ON "Run"("slot");
CREATE INDEX "Run_datasetVersionId_idx" ON "Run"("datasetVersionId");
CREATE INDEX "Run_baseModelId_idx" ON "Run"("baseModelId");
CREATE INDEX "Run_parentId_idx" ON "Run"("parentId");
CREATE TABLE "new_MetricPoint" (
    "runId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "rank" INTEGER NOT NULL DEFAULT 0,
    "step" INTEGER NOT NULL,
    "value" REAL,
    "nonFinite" TEXT,
    "epoch" REAL NOT NULL,
    "tokens" REAL NOT NULL,
    "time" DATETIME NOT NULL,
    "sequence" INTEGER NOT NULL,

    PRIMARY KEY ("runId", "key", "rank", "step"),
    CONSTRAINT "MetricPoint_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
INSERT INTO "new_MetricPoint" ("epoch", "key", "runId", "sequence", "step", "time", "tokens", "value") SELECT "epoch", "key", "runId", "sequence", "step", "time", "tokens", "value" FROM "MetricPoint";
DROP TABLE "MetricPoint";
ALTER TABLE "new_MetricPoint" RENAME TO "MetricPoint";
CREATE INDEX "MetricPoint_runId_sequence_idx" ON "MetricPoint"("runId", "sequence");
CREATE TABLE "new_MetricRollup" (
    "runId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "rank" INTEGER NOT NULL DEFAULT 0,
    "level" INTEGER NOT NULL,
    "bucket" INTEGER NOT NULL,
    "fromStep" INTEGER NOT NULL,
    "toStep" INTEGER NOT NULL,
    "min" REAL,
    "max" REAL,
    "last" REAL,
    "nonFinite" TEXT,
    "count" INTEGER NOT NULL,
    "nonFiniteCount" INTEGER NOT NULL DEFAULT 0,
    "epoch" REAL NOT NULL,
    "tokens" REAL NOT NULL,
    "time" DATETIME NOT NULL,

    PRIMARY KEY ("runId", "key", "rank", "level", "bucket"),
    CONSTRAINT "MetricRollup_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run" ("id") ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
-- Rows of a level hold equally many steps now: they are made anew from the points.
INSERT INTO "new_MetricRollup" ("runId", "key", "rank", "level", "bucket", "fromStep", "toStep", "min", "max", "last", "count", "epoch", "tokens", "time")
SELECT "made"."runId", "made"."key", 0, "made"."level", "made"."bucket", "made"."fromStep", "made"."toStep", "made"."min", "made"."max", "point"."value", "made"."count", "point"."epoch", "point"."tokens", "point"."time"
FROM (
    SELECT "runId", "key", "levels"."column1" AS "level", "step" / "levels"."column2" AS "bucket", min("step") AS "fromStep", max("step") AS "toStep", min("value") AS "min", max("value") AS "max", count(*) AS "count"
    FROM (VALUES (1, 16), (2, 256), (3, 4096), (4, 65536), (5, 1048576)) AS "levels" CROSS JOIN "MetricPoint"
    GROUP BY 1, 2, 3, 4
) AS "made"
CROSS JOIN "MetricPoint" AS "point" WHERE "point"."runId" = "made"."runId" AND "point"."key" = "made"."key" AND "point"."rank" = 0 AND "point"."step" = "made"."toStep";
DROP TABLE "MetricRollup";
ALTER TABLE "new_MetricRollup" RENAME TO "MetricRollup";

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "Session_userId_createdAt_idx" ON "Session"("userId", "createdAt");

-- CreateIndex
CREATE INDEX "RefreshToken_sessionId_idx" ON "RefreshToken"("sessionId");

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_hash_key" ON "ApiKey"("hash");

-- CreateIndex
CREATE INDEX "ApiKey_userId_createdAt_idx" ON "ApiKey"("userId", "createdAt");

-- CreateIndex
CREATE INDEX "Project_createdAt_idx" ON "Project"("createdAt");

-- CreateIndex
CREATE INDEX "Membership_userId_idx" ON "Membership"("userId");

-- CreateIndex
CREATE INDEX "AuditEntry_projectId_time_idx" ON "AuditEntry"("projectId", "time");

-- CreateIndex
CREATE INDEX "AuditEntry_userId_time_idx" ON "AuditEntry"("userId", "time");

-- CreateIndex
CREATE INDEX "AuditEntry_time_idx" ON "AuditEntry"("time");

-- CreateIndex
CREATE INDEX "Upload_expiresAt_idx" ON "Upload"("expiresAt");

-- CreateIndex
CREATE INDEX "Dataset_projectId_createdAt_idx" ON "Dataset"("projectId", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Dataset_projectId_name_key" ON "Dataset"("projectId", "name");

-- CreateIndex
CREATE INDEX "DatasetVersion_contentHash_idx" ON "DatasetVersion"("contentHash");

-- CreateIndex
CREATE UNIQUE INDEX "DatasetVersion_datasetId_number_key" ON "DatasetVersion"("datasetId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "BaseModel_projectId_name_key" ON "BaseModel"("projectId", "name");

-- CreateIndex
CREATE INDEX "Model_projectId_createdAt_idx" ON "Model"("projectId", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Model_projectId_name_key" ON "Model"("projectId", "name");

-- CreateIndex
CREATE INDEX "ModelVersion_contentHash_idx" ON "ModelVersion"("contentHash");

-- CreateIndex
CREATE UNIQUE INDEX "ModelVersion_modelId_number_key" ON "ModelVersion"("modelId", "number");

-- CreateIndex
CREATE INDEX "AliasChange_modelId_alias_time_idx" ON "AliasChange"("modelId", "alias", "time");

-- CreateIndex
CREATE INDEX "RunTag_name_idx" ON "RunTag"("name");

-- CreateIndex
CREATE INDEX "TransactionMark_time_idx" ON "TransactionMark"("time");

-- What is searched in; letters outside of ASCII become lower case when the row is changed.
UPDATE "Run" SET "searchText" = lower("name");
UPDATE "Experiment" SET "searchText" = lower("name" || char(10) || "description");
