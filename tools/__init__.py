"""The programs that keep the house in order; `./run` starts them."""
