"""The pieces that pages of studies share: header, controls, charts and the page itself."""
