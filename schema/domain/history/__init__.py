"""The past: buckets of samples, ranges and resolutions, trends, availability and adoption."""
