import { graphql } from '../graphql/tada.ts';

/** Projects are few; a hundred of them is all that the switcher shows. */
export const MyProjects = graphql(`
  query MyProjects {
    projects(first: 100) {
      edges {
        node {
          id
          name
          role
        }
      }
    }
  }
`);
