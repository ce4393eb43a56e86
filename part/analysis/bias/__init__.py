"""The interaction bias: what it is as a function, how much of the attention it decides, what is lost without it."""
