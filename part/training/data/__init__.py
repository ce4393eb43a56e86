"""Batches from files: `datamodule` joins the order of jets (`stream`), their reading (`decode`) and `batches`."""
