import { graphql } from '../graphql/tada.ts';
import { RunRowFragment } from '../runs/documents.ts';

const LogLineFragment = graphql(`
  fragment LogLineParts on LogLine @_unmask {
    sequence
    time
    step
    level
    message
  }
`);

const CheckpointFragment = graphql(`
  fragment CheckpointParts on Checkpoint @_unmask {
    id
    step
    loss
    bytes
    createdAt
  }
`);

const ArtifactFragment = graphql(`
  fragment ArtifactParts on Artifact @_unmask {
    kind
    path
    bytes
    step
    createdAt
  }
`);

/** Everything the page shows, with the cursors from which the subscriptions go on. */
export const RunPage = graphql(
  `
    query RunPage($id: ID!, $keys: [String!]!, $maxPoints: Int!) {
      node(id: $id) {
        __typename
        ... on Run {
          ...RunRow
          config
          parameters
          trainableParameters
          series(keys: $keys, maxPoints: $maxPoints) {
            key
            unit
            buckets {
              fromStep
              toStep
              min
              max
              last
              nonFinite
              count
              time
            }
          }
          metricsCursor
          eventsCursor
          log(last: 100) {
            edges {
              node {
                ...LogLineParts
              }
            }
            pageInfo {
              hasPreviousPage
              startCursor
            }
          }
          checkpoints(last: 100) {
            edges {
              node {
                ...CheckpointParts
              }
            }
          }
          artifacts {
            ...ArtifactParts
          }
        }
      }
    }
  `,
  [RunRowFragment, LogLineFragment, CheckpointFragment, ArtifactFragment],
);

/** The head of the page alone: read again after a reconnection and at the end. */
export const RunHead = graphql(
  `
    query RunHead($id: ID!) {
      node(id: $id) {
        __typename
        ... on Run {
          ...RunRow
          parameters
          trainableParameters
        }
      }
    }
  `,
  [RunRowFragment],
);

/** A part of the curves, finer. */
export const RunSeriesPart = graphql(`
  query RunSeriesPart($id: ID!, $keys: [String!]!, $fromStep: Int!, $toStep: Int!, $maxPoints: Int!) {
    node(id: $id) {
      __typename
      ... on Run {
        series(keys: $keys, fromStep: $fromStep, toStep: $toStep, maxPoints: $maxPoints) {
          key
          unit
          buckets {
            fromStep
            toStep
            min
            max
            last
            nonFinite
            count
            time
          }
        }
      }
    }
  }
`);

export const EarlierLog = graphql(
  `
    query EarlierLog($id: ID!, $before: String!) {
      node(id: $id) {
        __typename
        ... on Run {
          log(last: 100, before: $before) {
            edges {
              node {
                ...LogLineParts
              }
            }
            pageInfo {
              hasPreviousPage
              startCursor
            }
          }
        }
      }
    }
  `,
  [LogLineFragment],
);

export const TrainingMetrics = graphql(`
  subscription TrainingMetrics($runId: ID!, $keys: [String!], $after: String) {
    trainingMetrics(runId: $runId, keys: $keys, after: $after) {
      cursor
      points {
        key
        rank
        step
        value
        nonFinite
        time
      }
    }
  }
`);

export const RunEvents = graphql(
  `
    subscription RunEvents($runId: ID!, $after: String) {
      runEvents(runId: $runId, after: $after) {
        cursor
        event {
          __typename
          ... on RunStateChanged {
            state
          }
          ... on LogLine {
            ...LogLineParts
          }
          ... on Checkpoint {
            ...CheckpointParts
          }
          ... on Artifact {
            ...ArtifactParts
          }
        }
      }
    }
  `,
  [LogLineFragment, CheckpointFragment, ArtifactFragment],
);

export const TryRun = graphql(`
  subscription TryRun($input: TryRunInput!) {
    tryRun(input: $input) {
      side
      text
      done
      tokens
      seconds
      problem
    }
  }
`);
