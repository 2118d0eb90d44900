import { graphql } from '../graphql/tada.ts';

/** How one comes in, and who one is. */
export const Access = graphql(`
  query Access {
    studio {
      accountsRequired
      registrationOpen
      needsSetup
    }
    viewer {
      user {
        id
        name
        email
      }
    }
  }
`);

const TokensFragment = graphql(`
  fragment Tokens on SessionTokens @_unmask {
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
`);

export const RefreshSession = graphql(
  `
    mutation RefreshSession($refreshToken: String!) {
      refreshSession(input: { refreshToken: $refreshToken }) {
        __typename
        ... on RefreshSessionSuccess {
          data {
            ...Tokens
          }
        }
      }
    }
  `,
  [TokensFragment],
);

export const LogIn = graphql(
  `
    mutation LogIn($input: LogInInput!) {
      logIn(input: $input) {
        __typename
        ... on Error {
          message
        }
        ... on LogInSuccess {
          data {
            ...Tokens
          }
        }
      }
    }
  `,
  [TokensFragment],
);

export const Register = graphql(
  `
    mutation Register($input: RegisterInput!) {
      register(input: $input) {
        __typename
        ... on Error {
          message
        }
        ... on InvalidInput {
          issues {
            path
            message
          }
        }
        ... on RegisterSuccess {
          data {
            ...Tokens
          }
        }
      }
    }
  `,
  [TokensFragment],
);

export const LogOut = graphql(`
  mutation LogOut {
    logOut {
      __typename
    }
  }
`);
