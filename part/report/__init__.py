"""The whole interpretation of a training in one file: a plan of studies, their results in sections, HTML and PDF.

It measures nothing by itself: everything comes from studies, comparisons and measurements of speed. May import
everything but the commands and `part.notebook`.
"""
