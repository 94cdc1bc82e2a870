"""Lists: columns, filters, orders, pages, and figures over the items that match."""
