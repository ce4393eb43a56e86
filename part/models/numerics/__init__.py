"""Precision and int8 quantization of models; these modules import `part.models.layers` and `part.errors`."""
