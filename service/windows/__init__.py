"""Windows: panes of totals per source, watermarks, and windows that close."""
