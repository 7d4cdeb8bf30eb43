"""How good a response is: forms of score, how each is asked for and read."""
