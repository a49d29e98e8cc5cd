"""Statistics of drift as pure functions of mergeable totals; usable on their own."""
