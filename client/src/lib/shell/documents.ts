import { graphql } from '../graphql/tada.ts';

/** What the command palette finds by name. */
export const FindByName = graphql(`
  query FindByName($text: String!, $projectId: ID) {
    runs(first: 6, filter: { search: $text, projectId: $projectId }, orderBy: { field: CREATED_AT, direction: DESC }) {
      edges {
        node {
          id
          name
          state
        }
      }
    }
  }
`);
