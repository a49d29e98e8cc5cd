"""Profiles: edges, building, reading of reference data, comparing and drawing."""
