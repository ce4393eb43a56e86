"""The page Train: starting, watching and stopping runs of training."""
