"""Tests of alerts: deciding, stating, rendering, signing and sending."""
