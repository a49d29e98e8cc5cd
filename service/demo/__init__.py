"""The demonstration: real flights, and incidents laid over them."""
