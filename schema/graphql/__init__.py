"""The GraphQL surface: types that resolve attributes of the domain records."""
