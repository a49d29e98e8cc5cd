"""Hostile input, made by a seed: for decoders alone, and for a service on a broker."""
