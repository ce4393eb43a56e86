"""What a chart shows, in a sentence made of its numbers; nothing is said of what is not significant.

Numbers come with the half width of their 95 % interval. What is named differs at 5 % for all comparisons of the chart
together (Bonferroni), unless the study has corrected for their number itself. Of a single jet a sentence says what is
the case, since nothing is estimated. Shapes: L layers, H heads, X points along an axis, N numbers of any meaning.
"""
