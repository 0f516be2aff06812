"""Charts as SVG of our own: each module one kind, from rows to shapes.

`figure.py` says what a chart is to the page, `series.py` makes series of rows, `scales.py` and
`time_scale.py` place values, `axes.py` draws what a plot stands in; the kinds build on these.
Nothing here knows pages or HTML around a chart.
"""
