"""Totals: what is counted of the values in a pane, mergeable by addition."""
