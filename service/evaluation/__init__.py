"""Evaluation: a closed window against its reference, judged by the monitors."""
