"""The building blocks of GraphQL types: fields, scalars, enums, prices, and small types that several topics share."""
