"""The layers of Driftline as a table, and what checks the source against it."""
