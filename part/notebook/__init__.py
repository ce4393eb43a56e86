"""How traces, results of studies and models show themselves in a notebook: HTML without scripts and requests."""
