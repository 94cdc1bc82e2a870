"""The subject itself: records and the pure functions over them. Time arrives as an argument, always."""
