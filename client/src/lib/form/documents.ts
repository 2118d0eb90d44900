import { graphql } from '../graphql/tada.ts';

/** The settings of a run, as the studio describes them. */
export const ConfigForm = graphql(`
  query ConfigForm {
    trainingConfigForm {
      sections {
        key
        title
        help
        fields {
          path
          title
          help
          unit
          kind
          minimum
          maximum
          choices
          default
          advanced
        }
      }
    }
  }
`);

export const StartChoices = graphql(`
  query StartChoices {
    baseModels {
      id
      name
      state
      path
      architecture
      parameters
      bytes
      problem
    }
    experiments(first: 100, orderBy: { field: NAME, direction: ASC }) {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`);

export const StartRun = graphql(`
  mutation StartRun($input: StartRunInput!) {
    startRun(input: $input) {
      __typename
      ... on StartRunSuccess {
        data {
          id
        }
      }
      ... on Error {
        message
      }
      ... on InvalidInput {
        issues {
          path
          message
        }
      }
    }
  }
`);

export const CreateExperiment = graphql(`
  mutation CreateExperiment($input: CreateExperimentInput!) {
    createExperiment(input: $input) {
      __typename
      ... on CreateExperimentSuccess {
        data {
          id
          name
        }
      }
      ... on Error {
        message
      }
    }
  }
`);
