import { graphql } from '../graphql/tada.ts';

/** What changes while a run goes; sent again with every change. */
export const RunRowFragment = graphql(`
  fragment RunRow on Run @_unmask {
    id
    name
    state
    createdAt
    startedAt
    finishedAt
    step
    totalSteps
    progress
    secondsLeft
    attempts
    experiment {
      id
      name
    }
    error {
      code
      message
      issues {
        path
        message
      }
    }
    summary(keys: ["loss", "tokensPerSecond"]) {
      key
      last
      nonFinite
      lastStep
    }
  }
`);

export const RunsPage = graphql(
  `
    query RunsPage($first: Int!, $after: String, $filter: RunFilter) {
      runs(first: $first, after: $after, filter: $filter, orderBy: { field: CREATED_AT, direction: DESC }) {
        totalCount
        edges {
          node {
            ...RunRow
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [RunRowFragment],
);

export const RunSparklines = graphql(`
  query RunSparklines($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      ... on Run {
        id
        series(keys: ["loss"], maxPoints: 40) {
          key
          buckets {
            toStep
            last
          }
        }
      }
    }
  }
`);

export const RunsChanged = graphql(
  `
    subscription RunsChanged($projectId: ID) {
      runs(projectId: $projectId) {
        ...RunRow
      }
    }
  `,
  [RunRowFragment],
);

export const CancelRun = graphql(
  `
    mutation CancelRun($input: CancelRunInput!) {
      cancelRun(input: $input) {
        __typename
        ... on CancelRunSuccess {
          data {
            ...RunRow
          }
        }
        ... on Error {
          message
        }
      }
    }
  `,
  [RunRowFragment],
);

export const PauseRun = graphql(
  `
    mutation PauseRun($input: PauseRunInput!) {
      pauseRun(input: $input) {
        __typename
        ... on PauseRunSuccess {
          data {
            ...RunRow
          }
        }
        ... on Error {
          message
        }
      }
    }
  `,
  [RunRowFragment],
);

export const ResumeRun = graphql(
  `
    mutation ResumeRun($input: ResumeRunInput!) {
      resumeRun(input: $input) {
        __typename
        ... on ResumeRunSuccess {
          data {
            ...RunRow
          }
        }
        ... on Error {
          message
        }
      }
    }
  `,
  [RunRowFragment],
);
