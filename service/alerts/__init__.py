"""Alerts: from judgements to notices, and their delivery."""
