"""How similar the representations of jets are, between layers and between models: linear CKA."""
