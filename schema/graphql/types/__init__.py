"""What every GraphQL type is made of: fields, scalars, enums, prices, and small types that several topics share."""
